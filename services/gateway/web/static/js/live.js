// News from the server while a page is looked at. A hidden page listens to nothing and catches up when it is seen again.
import { attend, show } from "./presence.js";
import { fetchPage, refresh } from "./refresh.js";

const panel = document.getElementById("panel");
const list = document.getElementById("list");
let source = null;
let timer = 0;

// Rows that are there are brought up to date where they stand; new ones wait behind a button.
async function refreshList() {
  const page = await fetchPage();
  const fresh = new Map([...page.querySelectorAll("#list .ticket")].map((row) => [row.dataset.ticket, row]));
  for (const row of document.querySelectorAll("#list .ticket")) {
    const other = fresh.get(row.dataset.ticket);
    fresh.delete(row.dataset.ticket);
    row.classList.toggle("gone", !other);
    if (other && other.dataset.version !== row.dataset.version && !row.contains(document.activeElement)) {
      const box = row.querySelector("input[name=ticket]");
      const copy = document.importNode(other, true);
      copy.querySelector("input[name=ticket]").checked = box.checked;
      row.replaceWith(copy);
    }
  }
  const views = document.getElementById("views");
  views.replaceChildren(...document.importNode(page.getElementById("views"), true).childNodes);
  const banner = document.getElementById("news");
  banner.hidden = fresh.size === 0;
  banner.querySelector("a").textContent = banner.dataset.news.replace("0", fresh.size);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => (list ? refreshList() : refresh()).catch(() => {}), 400);
}

function listen() {
  source = new EventSource(panel ? `/live?ticket=${panel.dataset.ticket}` : "/live");
  source.addEventListener("reset", soon);
  source.addEventListener("presence", (event) => show(JSON.parse(event.data).people));
  source.addEventListener("changed", (event) => {
    const news = JSON.parse(event.data);
    if (list) soon();
    const seen = document.getElementById("head")?.dataset.version ?? 0;
    if (panel && news.ticket_id === panel.dataset.ticket && news.version > seen) soon();
    // Its page shows how its children are.
    if (panel && news.parent_id === panel.dataset.ticket) soon();
  });
}

function look() {
  if (document.visibilityState === "hidden") {
    source?.close();
    source = null;
  } else if (!source) {
    listen();
    soon();
  }
}

// A stream that a broken line has silenced does not end by itself.
function listenAnew() {
  if (document.visibilityState === "hidden") return;
  source?.close();
  listen();
  soon();
}

if (panel || list) {
  listen();
  addEventListener("online", listenAnew);
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && listen());
}
if (panel) attend();
