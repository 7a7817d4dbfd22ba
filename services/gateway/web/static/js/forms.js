// Forms that send themselves when a choice is made, times in the writer's zone, and menus that close.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.body.addEventListener("htmx:configRequest", (event) => {
  const local = event.target.querySelector?.("[data-local]");
  if (local?.value) event.detail.parameters.set("until", new Date(local.value).toISOString());
});

// A new calendar is offered the zone of whoever makes it.
for (const field of document.querySelectorAll("[data-zone]")) {
  if (field.value === "UTC") field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

// A refusal that is no page of ours, or no answer at all: what was typed stays where it is.
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(name, () => say(document.body.dataset.offline));
}

export function say(words) {
  const notice = document.createElement("div");
  notice.className = "notice error";
  notice.setAttribute("role", "alert");
  notice.append(Object.assign(document.createElement("p"), { textContent: words }));
  document.getElementById("notices").replaceChildren(notice);
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || opener) menu.open = false;
  }
});

document.addEventListener("toggle", (event) => {
  if (event.target.matches("details.menu[open]")) event.target.querySelector(".sheet :is(a, button)")?.focus();
}, true);
