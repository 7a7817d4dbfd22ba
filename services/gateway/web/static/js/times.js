// Instants in the reader's own time zone, ages that stay true, and seconds that run out.
import { refresh } from "./refresh.js";

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const short = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) time.title = format.format(new Date(time.dateTime));
  for (const time of root.querySelectorAll("time.local")) time.textContent = format.format(new Date(time.dateTime));
  for (const time of root.querySelectorAll("time.short")) time.textContent = short.format(new Date(time.dateTime));
  for (const option of root.querySelectorAll("option[data-at]")) {
    option.textContent = `${option.dataset.words} ${short.format(new Date(option.dataset.at))}`;
  }
  for (const until of root.querySelectorAll("[data-until]:not(.counting)")) {
    until.classList.add("counting");
    countDown(until, until.textContent);
  }
}

// While a reply can be taken back its seconds are shown; then the page says what became of it.
function countDown(element, words) {
  if (!element.isConnected) return;
  const seconds = Math.ceil((new Date(element.dataset.until) - Date.now()) / 1000);
  if (seconds > 0) {
    element.textContent = `${words} (${seconds} s)`;
    setTimeout(countDown, 250, element, words);
  } else {
    element.textContent = words;
    setTimeout(refresh, 1500);
  }
}

localise(document);
document.body.addEventListener("htmx:oobAfterSwap", (event) => localise(event.detail.target.parentElement ?? document));
