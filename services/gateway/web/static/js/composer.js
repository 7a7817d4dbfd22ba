// Writing: the switch between reply and note, and drafts that are kept while somebody types, here until they are kept
// there. Nothing typed is lost: not by a closed tab, a broken line or a session that ended.
import { touch } from "./presence.js";

const PAUSE = 800;
const timers = new Map();
const headers = () => JSON.parse(document.body.getAttribute("hx-headers"));
const panel = document.getElementById("panel");
const kept = (form) => `draft ${document.body.dataset.caller} ${panel.dataset.ticket} ${form.dataset.visibility}`;
const versionOf = (form) => form.querySelector(".draft[data-version]")?.dataset.version ?? "0";

document.addEventListener("change", (event) => {
  if (event.target.matches("[name=writing]")) document.getElementById(`${event.target.value}-body`).focus();
});
// Clicking the one that is chosen already is no change.
document.addEventListener("click", (event) => {
  const radio = event.target.closest(".switch label")?.querySelector("input");
  if (radio) setTimeout(() => document.getElementById(`${radio.value}-body`).focus());
});

document.addEventListener("input", (event) => {
  const form = event.target.matches(".composer textarea") ? event.target.form : null;
  if (!form) return;
  localStorage.setItem(kept(form), event.target.value);
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(save, PAUSE, form));
  touch(event.target.value ? "writing" : "viewing");
});

async function save(form) {
  timers.delete(form);
  const text = form.elements.body.value;
  const body = new URLSearchParams({ visibility: form.dataset.visibility, body: text, version: versionOf(form) });
  try {
    const answer = await fetch(`/tickets/${panel.dataset.ticket}/draft`, { method: "PUT", body, headers: headers() });
    if (!form.isConnected || ![200, 409].includes(answer.status)) return;
    form.querySelector(".draft-state").innerHTML = await answer.text();
    if (answer.ok && form.elements.body.value === text) localStorage.removeItem(kept(form));
  } catch {
    // The line is broken: the text stays in this browser, and is sent with the next letter.
  }
}

// What this browser still has was typed after what the server has.
function restore() {
  for (const form of document.querySelectorAll(".composer form")) {
    const text = localStorage.getItem(kept(form));
    if (text && text !== form.elements.body.value) {
      form.elements.body.value = text;
      save(form);
    }
  }
}

document.body.addEventListener("htmx:configRequest", (event) => {
  const form = event.target.closest?.(".composer form");
  if (form) clearTimeout(timers.get(form));
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.(".composer form");
  if (!form || !event.detail.successful) return;
  localStorage.removeItem(kept(form));
  touch("viewing");
  setTimeout(() => document.querySelector("#messages .message:last-of-type")?.scrollIntoView({ block: "nearest" }));
});

if (panel) restore();
