// Files for a message: chosen, dropped or pasted, they are kept at once and named in the form.
import { say } from "./forms.js";

async function upload(form, file) {
  const item = document.createElement("li");
  item.append(file.name);
  form.querySelector(".chosen").append(item);
  const body = new FormData();
  body.append("file", file, file.name || "pasted.png");
  try {
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const answer = await fetch("/uploads", { method: "POST", body, headers });
    if (!answer.ok) throw new Error(`${answer.status}`);
    add(form, item, await answer.json());
  } catch {
    item.remove();
    say(`${file.name}: ${document.body.dataset.unkept}`);
  }
}

function add(form, item, kept) {
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "uploads", value: kept.upload });
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  remove.setAttribute("aria-label", `${document.body.dataset.remove} ${kept.file_name}`);
  remove.addEventListener("click", () => item.remove());
  item.append(field, remove);
}

function formAt(target) {
  return target.closest?.("form:has(.chosen)") ?? [...(target.closest?.(".composer")?.querySelectorAll("form") ?? [])].find((form) => form.checkVisibility());
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("input[type=file]")) return;
  for (const file of event.target.files) upload(event.target.form, file);
  event.target.value = "";
});

document.addEventListener("paste", (event) => {
  const form = formAt(event.target);
  if (form && event.clipboardData.files.length) {
    event.preventDefault();
    for (const file of event.clipboardData.files) upload(form, file);
  }
});

// A file that is dropped beside the form must not replace the page.
for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const form = formAt(event.target) ?? formAt(document.querySelector(".composer form:not([hidden])") ?? document.body);
    form?.closest(".composer, form").classList.toggle("dropping", name === "dragover");
    if (name === "drop" && form) for (const file of event.dataTransfer.files) upload(form, file);
  });
}
document.addEventListener("dragleave", () => document.querySelector(".dropping")?.classList.remove("dropping"));
