// Instants in the reader's own time zone and language, and ages that stay true.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) time.title = format.format(new Date(time.dateTime));
}

localise(document);
document.body.addEventListener("htmx:load", (event) => localise(event.target));
