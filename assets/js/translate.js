// data-translate="key": the translator's form. Ctrl+Enter saves and goes on, the preview follows what is typed, and what
// is typed but not saved is still there after leaving the page.
//   data-next           the button that Ctrl+Enter presses
//   data-show-preview   the button that posts the form into the preview's frame
//   data-insert="code"  puts a placeholder in at the cursor
//   data-fill='[…]'     puts a suggestion's forms into the fields
//   data-restored       shown when unsaved words came back
import { once, within } from "./page.js";

const WAIT_MS = 400;

export function start(root) {
  for (const form of within(root, "form[data-translate]")) if (once(form, "translate")) arm(form);
}

function arm(form) {
  const fields = [...form.querySelectorAll("textarea")];
  const key = `tmpa.translation.${form.dataset.translate}`;
  let last = fields[0];
  let timer = 0;

  const show = () => form.requestSubmit(form.querySelector("[data-show-preview]"));
  const keep = () => sessionStorage.setItem(key, JSON.stringify(fields.map((field) => field.value)));
  const put = (values) => {
    fields.forEach((field, number) => (field.value = values[number] ?? field.value));
    fields[0].dispatchEvent(new Event("input", { bubbles: true }));
  };

  for (const field of fields) field.addEventListener("focus", () => (last = field));
  form.addEventListener("input", (event) => {
    if (!event.target.matches("textarea")) return;
    keep();
    clearTimeout(timer);
    timer = setTimeout(show, WAIT_MS);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-next]"));
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.matches("[data-show-preview]")) return;
    clearTimeout(timer);
    sessionStorage.removeItem(key);
  });
  form.addEventListener("click", (event) => {
    const insert = event.target.closest("[data-insert]");
    const fill = event.target.closest("[data-fill]");
    if (insert) {
      last.setRangeText(insert.dataset.insert, last.selectionStart, last.selectionEnd, "end");
      last.focus();
      last.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (fill) {
      put(JSON.parse(fill.dataset.fill));
      fields[0].focus();
    }
  });

  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  if (kept && kept.some((value, number) => value !== fields[number]?.value)) {
    put(kept);
    form.querySelector("[data-restored]").hidden = false;
  }
  const row = document.querySelector(".translate-list [data-in-view]");
  const list = row?.closest(".translate-list");
  if (list) list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 3;
}
