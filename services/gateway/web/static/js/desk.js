// The scripts of the desk: pages work without them, they make them quicker.
import "./keys.js";
import "./times.js";
