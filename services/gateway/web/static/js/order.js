// A list whose rows are dragged into another order: dropping a row sends the form of its buttons.
let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-sorted] .handle")?.closest("li") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setDragImage(dragged, 0, 0);
  dragged.classList.add("dragged");
});

function rowAt(event) {
  const row = event.target.closest?.("[data-sorted] > li");
  return dragged && row && row.parentElement === dragged.parentElement ? row : null;
}

document.addEventListener("dragover", (event) => {
  const row = rowAt(event);
  if (!row) return;
  event.preventDefault();
  const box = row.getBoundingClientRect();
  if (row !== dragged) row[event.clientY < box.top + box.height / 2 ? "before" : "after"](dragged);
});

document.addEventListener("drop", (event) => {
  if (!rowAt(event)) return;
  event.preventDefault();
  const form = dragged.querySelector("form[data-move]");
  form.elements.before.value = dragged.nextElementSibling?.dataset.rule ?? "";
  form.requestSubmit();
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = null;
});
