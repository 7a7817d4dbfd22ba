// Keyboard shortcuts: single keys, only while nothing that takes letters has the focus, so screen readers and fields
// keep theirs. What a key does is on the page: `data-key="r"` is pressed or, if it is a field, focused.
import { move, open, select, selectNone } from "./rows.js";

const GO = { m: "mine", u: "unassigned", t: "my_teams", a: "all_open", s: "snoozed", w: "waiting", r: "resolved" };
const LIST = { j: () => move(1), k: () => move(-1), o: open, x: select, Escape: selectNone };
const FIELD = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
let going = -Infinity;

function press(element) {
  if (element.matches(FIELD)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
    // At once: not a letter that follows may go elsewhere.
    const writing = element.querySelector("[name=writing]");
    if (writing) document.getElementById(`${writing.value}-body`).focus();
    element.closest("details.menu[open]")?.querySelector(".sheet :is(a, button)")?.focus();
  }
}

function act(event) {
  if (event.timeStamp - going < 1500 && GO[event.key]) {
    document.querySelector(`[data-view="${GO[event.key]}"]`)?.click();
    return true;
  }
  going = event.key === "g" ? event.timeStamp : -Infinity;
  if (event.key === "?") {
    document.getElementById("keys").showModal();
    return true;
  }
  const keyed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (keyed) {
    press(keyed);
    return true;
  }
  return document.getElementById("list") !== null && LIST[event.key]?.() === true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches(".composer textarea")) {
    const form = event.target.form;
    // By a click: htmx sends the value of a button that was clicked, and of no other.
    ((event.shiftKey && form.querySelector(".and-resolve")) || form.querySelector(".send")).click();
    event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog")) return;
  if (event.key === "Escape") {
    const menu = event.target.closest("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    if (event.target.closest(FIELD)) event.target.blur();
  }
  if (!event.target.closest(FIELD) && act(event)) event.preventDefault();
});
