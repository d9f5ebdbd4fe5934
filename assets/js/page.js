// What the server says about the page: its texts, its token, its direction.

/** A translated text of the page (data-text-… on <body>), with {name} filled in. */
export function text(name, values = {}) {
  const key = `text${name.replace(/(^|-)([a-z])/g, (_match, _dash, letter) => letter.toUpperCase())}`;
  const found = document.body.dataset[key] ?? "";
  return found.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

/** The request header that proves the request comes from our page. */
export function csrfHeader() {
  return { "X-CSRFToken": document.querySelector("meta[name=csrf-token]")?.content ?? "" };
}

export const locale = () => document.documentElement.lang || "en";
export const isRightToLeft = () => document.documentElement.dir === "rtl";

/** All matches in a part of the page, the part itself included. */
export function within(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  return found;
}

/** True the first time it is asked for this element and purpose: enhancing twice must change nothing. */
export function once(element, purpose) {
  const seen = (element.tmpaSeen ??= new Set());
  if (seen.has(purpose)) return false;
  seen.add(purpose);
  return true;
}

/** 1536 → "1.5 kB" as the reader's language writes it. */
export function fileSize(bytes) {
  const [unit, size] = bytes < 1e6 ? ["kilobyte", bytes / 1e3] : ["megabyte", bytes / 1e6];
  return new Intl.NumberFormat(locale(), { style: "unit", unit, maximumFractionDigits: 1 }).format(size);
}
