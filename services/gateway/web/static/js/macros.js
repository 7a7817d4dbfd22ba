// Canned replies and macros while one writes: "/" at the beginning of a line opens the list, letters narrow it, Enter
// takes one. Its words go where the cursor is, so that undo takes them back and nothing typed is lost.
import { say } from "./forms.js";

const menus = (form) => form.querySelector("details.macros");
const shown = (menu) => [...menu.querySelectorAll("li:not([hidden]) button")];

document.addEventListener("keydown", (event) => {
  const area = event.target;
  if (event.key === "/" && area.matches(".composer textarea") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const before = area.value.slice(0, area.selectionStart);
    const menu = menus(area.form);
    if (!menu || (before && !before.endsWith("\n"))) return;
    event.preventDefault();
    menu.open = true;
    return;
  }
  const menu = area.closest?.("details.macros[open]");
  if (!menu) return;
  const buttons = shown(menu);
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "ArrowDown") buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
  else if (event.key === "ArrowUp") (buttons[at - 1] ?? menu.querySelector(".find")).focus();
  else if (event.key === "Enter" && area.matches(".find")) buttons[0]?.click();
  else if (event.key === "Escape") close(menu);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details.macros") || !menu.open) return;
  const find = menu.querySelector(".find");
  find.hidden = false;
  find.value = "";
  narrow(menu);
  // After the list that opened has put the focus where lists usually want it.
  setTimeout(() => find.focus());
}, true);

document.addEventListener("input", (event) => {
  if (event.target.matches(".macros .find")) narrow(event.target.closest("details"));
});

function narrow(menu) {
  const words = menu.querySelector(".find").value.toLowerCase().split(/\s+/);
  for (const item of menu.querySelectorAll("li")) {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
  menu.querySelector(".none").hidden = shown(menu).length > 0;
}

function close(menu) {
  menu.open = false;
  menu.closest("form").elements.body.focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".composer button[name=insert]");
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  const form = button.form;
  const slot = form.querySelector(".macro-slot");
  if (button.value === "none") {
    slot.replaceChildren();
    form.elements.body.focus();
    return;
  }
  const address = `/tickets/${document.getElementById("panel").dataset.number}/macros/${button.value}`;
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.status);
    slot.innerHTML = await answer.text();
  } catch {
    say(document.body.dataset.offline);
    return;
  }
  close(button.closest("details"));
  const { reply } = slot.querySelector(".chosen-macro").dataset;
  // The one way to write into a field that undo knows; it also tells those who keep drafts.
  if (reply) document.execCommand("insertText", false, reply);
}, true);
