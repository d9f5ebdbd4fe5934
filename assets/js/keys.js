// data-keys on a page's container: single keys for those who decide many things in a row.
//   data-key="a"       on a button or link: the key presses it (its text names it in the help)
//   data-key-item      on the rows that j and k walk through; keys of buttons inside the current row come first
//   data-keys-help     on a button that opens the help; "?" does too
// They can be switched off in the help (WCAG 2.1.4) and never act while one types.
const STORED = "tmpa.keys";

const isOn = () => localStorage.getItem(STORED) !== "off";

export function start() {
  document.addEventListener("keydown", (event) => {
    const page = document.querySelector("[data-keys]");
    if (!page || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
    if (event.key === "?") return openHelp(event);
    if (!isOn()) return;
    if (event.key === "j" || event.key === "k") return walk(page, event.key === "j" ? 1 : -1, event);
    // Enter on a focused control is that control's own.
    if (event.key === "Enter" && event.target.closest("a, button, summary, [role=tab]")) return;
    const wanted = `[data-key="${CSS.escape(event.key)}"]:not([disabled])`;
    const control = page.querySelector(`.is-current ${wanted}`) ?? page.querySelector(wanted);
    if (!control) return;
    event.preventDefault();
    control.focus();
    control.click();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-keys-help]")) openHelp(event);
    const item = event.target.closest?.("[data-key-item]");
    if (item) mark(item);
  });
  document.addEventListener("focusin", (event) => {
    const item = event.target.closest?.("[data-key-item]");
    if (item) mark(item);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-on]")) localStorage.setItem(STORED, event.target.checked ? "on" : "off");
  });
}

function isTyping(target) {
  return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
}

function walk(page, step, event) {
  const items = [...page.querySelectorAll("[data-key-item]")];
  if (!items.length) return;
  event.preventDefault();
  const at = items.findIndex((item) => item.classList.contains("is-current"));
  const next = items[Math.min(items.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  mark(next);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function mark(item) {
  for (const other of document.querySelectorAll("[data-key-item].is-current")) other.classList.remove("is-current");
  item.classList.add("is-current");
}

function openHelp(event) {
  const dialog = document.getElementById("keys-dialog");
  if (!dialog) return;
  event.preventDefault();
  const list = dialog.querySelector("[data-keys-list]");
  for (const old of list.querySelectorAll("[data-from-page]")) old.remove();
  const seen = new Set();
  for (const control of document.querySelectorAll("[data-keys] [data-key]")) {
    if (seen.has(control.dataset.key)) continue;
    seen.add(control.dataset.key);
    list.append(line("dt", control.dataset.key, "kbd"), line("dd", control.dataset.keyLabel ?? words(control)));
  }
  dialog.querySelector("[data-keys-on]").checked = isOn();
  dialog.showModal();
}

function line(name, content, inner) {
  const made = document.createElement(name);
  made.dataset.fromPage = "";
  const place = inner ? made.appendChild(document.createElement(inner)) : made;
  place.textContent = content;
  return made;
}

function words(control) {
  const copy = control.cloneNode(true);
  copy.querySelectorAll("kbd").forEach((part) => part.remove());
  return copy.textContent.trim();
}
