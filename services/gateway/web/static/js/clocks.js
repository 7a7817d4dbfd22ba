// What is left until an instant, and how far a bar has come: kept true while the page is open.
const SOON = 3_600_000;
const SIGNS = { late: "warning", soon: "soon", calm: "clock" };

function span(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  const rest = days ? 0 : minutes % 60;
  return [days && `${days} d`, hours && `${hours} h`, rest && `${rest} min`].filter(Boolean).join(" ") || "< 1 min";
}

// The sign of a cell in a list goes with its colour.
function step(time, now) {
  const cell = time.closest(".cell:is(.late, .soon, .calm)");
  if (!cell || cell.classList.contains(now)) return;
  cell.classList.remove(...Object.keys(SIGNS));
  cell.classList.add(now);
  const use = cell.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${SIGNS[now]}`));
}

// In one unit, as columns have room for.
function brief(milliseconds) {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  if (minutes < 120) return minutes ? `${minutes} min` : "< 1 min";
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

function tick() {
  for (const time of document.querySelectorAll("time[data-left]")) {
    const left = new Date(time.dateTime) - Date.now();
    const words = (left > 0 ? time.dataset.left : time.dataset.late).replace("…", time.classList.contains("brief") ? brief(left) : span(left));
    if (time.textContent !== words) time.textContent = words;
    time.classList.toggle("late", left <= 0);
    time.classList.toggle("soon", left > 0 && left < SOON);
    step(time, left <= 0 ? "late" : left < SOON ? "soon" : "calm");
  }
  for (const bar of document.querySelectorAll("svg.bar:has(.growing)")) {
    const [from, to] = [new Date(bar.dataset.from), new Date(bar.dataset.to)];
    const part = bar.querySelector(".growing");
    const here = Math.min(100, (100 * (Date.now() - from)) / (to - from));
    part.setAttribute("width", `${Math.max(0, here - parseFloat(part.getAttribute("x")))}%`);
  }
}

setInterval(tick, 10_000);
