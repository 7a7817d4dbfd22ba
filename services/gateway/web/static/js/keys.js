// Keyboard shortcuts: single keys, only while nothing that takes letters has the focus, so screen readers and fields
// keep theirs. What a key does is on the page: `data-key="r"` is pressed or, if it is a field, focused.
const GO = { m: "mine", u: "unassigned", t: "my_teams", a: "all_open" };
let going = 0;

function typing(target) {
  return target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog");
}

function press(element) {
  if (element.matches("input:not([type=checkbox], [type=radio]), textarea, select")) {
    element.focus();
    if (element.select) element.select();
  } else {
    element.click();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (typing(event.target)) return;
  if (event.timeStamp - going < 1500 && GO[event.key]) {
    document.querySelector(`[data-view="${GO[event.key]}"]`)?.click();
    event.preventDefault();
    return;
  }
  if (event.key === "g") {
    going = event.timeStamp;
    return;
  }
  if (event.key === "?") {
    document.getElementById("keys").showModal();
    event.preventDefault();
    return;
  }
  const keyed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (keyed) {
    press(keyed);
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  // A menu closes when something else is clicked.
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || opener) menu.open = false;
  }
});
