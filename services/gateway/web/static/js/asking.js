// What the desk is asked while somebody fills in a form of the builder: its answer draws a part of the form anew. What is
// typed, chosen or pressed while an answer is under way counts: an answer to what the form was before is not shown, but
// the desk is asked again, and what was pressed meanwhile is pressed then.
import { say } from "./forms.js";

// By form: the question whose answer draws a part anew, and the latest one that only reads back what is typed.
const underWay = new WeakMap();
const reading = new WeakMap();
const MOVES = /^(remove|up|down) /;
// The fields of the form are told apart by it: the form is drawn again with what was wrong.
const REFUSED = 422;
// Letters typed in a list choose from it, together: a list that is drawn anew between two of them would begin again.
const BETWEEN_LETTERS_MS = 500;
const pauses = new WeakMap();
let typedAt = -Infinity;

const formOf = (element) => element.closest?.("form:has([data-builder])");
const reads = (element) => element.matches("[data-builder]");
const isButton = (element) => element.matches("button");

document.addEventListener("input", (event) => {
  const question = underWay.get(event.target.form);
  if (question) question.changed = true;
});

document.addEventListener("keydown", (event) => {
  if (event.key.length === 1 && event.target.matches("select")) typedAt = event.timeStamp;
});

document.addEventListener("htmx:confirm", (event) => {
  const asker = event.target;
  if (asker.matches("select") && performance.now() - typedAt < BETWEEN_LETTERS_MS) {
    event.preventDefault();
    clearTimeout(pauses.get(asker));
    const ask = () => asker.dispatchEvent(new Event("change", { bubbles: true }));
    pauses.set(asker, setTimeout(ask, BETWEEN_LETTERS_MS));
    return;
  }
  const question = underWay.get(formOf(asker));
  if (!question) return;
  event.preventDefault();
  if (reads(asker)) return;
  // What is chosen in the same part is in its next answer. Rows that move take their buttons with them: what is pressed
  // there meanwhile would be another row's.
  const inside = question.target.contains(asker);
  if (inside && (!isButton(asker) || MOVES.test(question.asker.value))) return;
  question.next.push(isButton(asker) ? `button[name="build"][value="${CSS.escape(asker.value)}"]` : `#${asker.id}`);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { target, detail } = event;
  const form = formOf(target);
  if (!form) return;
  reading.set(form, detail.xhr);
  if (!reads(target)) underWay.set(form, { asker: target, target: detail.target, changed: false, next: [] });
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const form = formOf(event.target);
  if (!form) return;
  const { xhr, requestConfig } = event.detail;
  if (xhr.status >= 400 && xhr.status !== REFUSED) {
    event.detail.shouldSwap = false;
    say(document.body.dataset.offline);
  }
  const question = underWay.get(form);
  if (reads(requestConfig.elt)) {
    if (reading.get(form) !== xhr) event.detail.shouldSwap = false;
  } else if (question?.asker === requestConfig.elt) {
    if (question.changed) event.detail.shouldSwap = false;
    else question.kept = keep(question);
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = formOf(event.target);
  const question = underWay.get(form);
  if (question?.asker !== event.detail.requestConfig.elt) return;
  underWay.delete(form);
  if (!event.detail.successful && event.detail.xhr.status !== REFUSED) return;
  question.kept?.();
  // The request is over when its events are.
  setTimeout(() => goOn(form, question));
});

function goOn(form, { asker, changed, next }) {
  for (const each of [changed && asker, ...next.map((selector) => form.querySelector(selector))]) {
    if (each) isButton(each) ? each.click() : each.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// Where somebody went on while the answer was under way, letter by letter, and the folds that are open.
function keep({ asker }) {
  if (MOVES.test(asker.value)) return undefined;
  // Of the whole form: an answer may draw more than one part.
  const open = [...formOf(asker).querySelectorAll("details[open][id]")].map((fold) => fold.id);
  const { id, value, selectionStart, selectionEnd } = document.activeElement;
  const elsewhere = id && document.activeElement !== asker;
  return () => {
    for (const fold of open) document.getElementById(fold)?.setAttribute("open", "");
    const field = elsewhere && document.getElementById(id);
    if (!field) return;
    field.focus();
    if (!field.matches("input, textarea") || selectionStart === null) return;
    field.value = value;
    field.setSelectionRange(selectionStart, selectionEnd);
  };
}
