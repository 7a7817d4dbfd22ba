// Brings a page up to date in parts, and leaves alone what somebody is using: fields that changed, open menus and folds.
const PARTS = ["head", "messages", "details", "views"];
let waiting = false;

function inUse(part) {
  const focused = document.activeElement;
  if (part.querySelector("details.menu[open]")) return true;
  if (!part.contains(focused) || !focused.matches("input, select, textarea")) return false;
  return focused.matches("select") || focused.value !== focused.defaultValue;
}

function put(old, fresh) {
  const open = [...old.querySelectorAll("details[open][id]")].map((fold) => fold.id);
  for (const id of open) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(fresh);
  window.htmx.process(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  document.body.dispatchEvent(new CustomEvent("htmx:oobAfterSwap", { detail: { target: fresh } }));
}

export async function fetchPage() {
  const answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
  if (answer.headers.has("HX-Redirect")) location.href = answer.headers.get("HX-Redirect");
  if (!answer.ok) throw new Error(`the page is not there: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// One at a time; what happens meanwhile is asked for once more.
export async function refresh() {
  if (waiting || !document.getElementById("panel")) return;
  waiting = true;
  try {
    const page = await fetchPage();
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 80;
    for (const id of PARTS) {
      const old = document.getElementById(id);
      const fresh = page.getElementById(id);
      if (old && fresh && old.outerHTML !== fresh.outerHTML && !inUse(old)) put(old, document.importNode(fresh, true));
    }
    if (atEnd) scrollTo({ top: document.documentElement.scrollHeight });
    seen(page);
  } finally {
    waiting = false;
  }
}

// Who has not begun to write sees what came: only who has is asked before a reply goes out.
function seen(page) {
  const field = document.querySelector(".composer .reply [name=seen]");
  const fresh = page.querySelector(".composer .reply [name=seen]");
  if (field && fresh && !document.getElementById("reply-body").value) field.value = fresh.value;
}
