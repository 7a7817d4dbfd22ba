// The scripts of the desk: pages work without them, they make them quicker.
import "./times.js";
import "./clocks.js";
import "./forms.js";
import "./asking.js";
import "./builder.js";
import "./order.js";
import "./keys.js";
import "./rows.js";
import "./composer.js";
import "./fields.js";
import "./macros.js";
import "./files.js";
import "./live.js";
