// Moving through a list, and selecting many of its tickets.
let last = null;

const rows = () => [...document.querySelectorAll("#list .ticket")];
const boxOf = (row) => row.querySelector("input[name=ticket]");
const here = () => document.activeElement.closest?.("#list .ticket") ?? document.querySelector("#list .ticket.at");

export function move(step) {
  const all = rows();
  const at = all.indexOf(here());
  const row = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (!row) return false;
  for (const other of all) other.classList.toggle("at", other === row);
  row.querySelector(".subject").focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

export function open() {
  here()?.querySelector(".subject").click();
  return here() !== null;
}

export function select() {
  const row = here();
  if (!row) return false;
  boxOf(row).click();
  return true;
}

export function selectNone() {
  for (const row of rows()) boxOf(row).checked = false;
  tell();
  return true;
}

function tell() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const count = rows().filter((row) => boxOf(row).checked).length;
  bar.hidden = count === 0;
  bar.querySelector(".selected").textContent = bar.dataset.selected.replace("0", count);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("#list input[name=ticket]");
  if (!box) return;
  const all = rows();
  const to = all.indexOf(box.closest(".ticket"));
  const from = all.indexOf(last);
  if (event.shiftKey && from >= 0) {
    for (const row of all.slice(Math.min(from, to), Math.max(from, to) + 1)) boxOf(row).checked = box.checked;
  }
  last = all[to];
  tell();
});

if (document.getElementById("bulk")) tell();
