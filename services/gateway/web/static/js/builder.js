// The builder of conditions and actions: what is chosen in a list of boxes is told on its button.
function tell(picker) {
  const told = picker.querySelector("[data-chosen]");
  const chosen = [...picker.querySelectorAll("input:checked")].map((box) => box.parentElement.textContent.trim());
  told.textContent = chosen.join(" · ") || told.dataset.chosen;
}

document.addEventListener("change", (event) => {
  const picker = event.target.closest(".picker");
  if (picker) tell(picker);
});

// Away from an open list, or Escape in it, closes it.
document.addEventListener("focusin", (event) => {
  for (const picker of document.querySelectorAll("details.picker[open]")) {
    if (!picker.contains(event.target)) picker.open = false;
  }
});
document.addEventListener("click", (event) => {
  for (const picker of document.querySelectorAll("details.picker[open]")) {
    if (!picker.contains(event.target)) picker.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const picker = event.key === "Escape" && event.target.closest("details.picker[open]");
  if (!picker) return;
  picker.open = false;
  picker.querySelector("summary").focus();
  event.preventDefault();
});
