// Says to colleagues who is at this ticket, and shows who else is.
const PAUSE = 20000;
const panel = document.getElementById("panel");
const tab = crypto.randomUUID?.() ?? String(Math.random());
let state = "viewing";

function send(what) {
  fetch(`/tickets/${panel.dataset.ticket}/presence`, {
    method: "POST",
    body: new URLSearchParams({ state: what, tab }),
    headers: JSON.parse(document.body.getAttribute("hx-headers")),
    keepalive: true,
  }).catch(() => {});
}

export function touch(what) {
  if (what === state) return;
  state = what;
  send(state);
}

export function show(people) {
  const place = document.getElementById("presence");
  if (!place) return;
  const words = document.body.dataset;
  place.textContent = people.map((one) => `${one.name} ${one.state === "writing" ? words.writing : words.viewing}`).join(", ");
}

export function attend() {
  send(state);
  setInterval(() => document.visibilityState === "visible" && send(state), PAUSE);
  addEventListener("pagehide", () => send("left"));
  addEventListener("pageshow", (event) => event.persisted && send(state));
}
