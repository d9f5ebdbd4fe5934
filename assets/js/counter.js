// data-count-for="field id": how many characters of a text count, as the server counts them (grapheme clusters of the
// cleaned text), at every key. The server's own count arrives with each save and has the last word.
//   data-limit       the most that fit
//   data-count-kind  "text" or "richtext" (tags don't count)
import { locale, once, within } from "./page.js";

const UNSEEN = /[\u202a-\u202e\u2066-\u206f\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\ue000\ue001\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0\u{e0000}-\u{e007f}]/gu;
const STACKED = /(\p{Mn}{4})\p{Mn}+/gu;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
const BLOCK = new Set(["P", "UL", "OL", "DIV"]);

export function start(root) {
  for (const line of within(root, "[data-count-for]")) if (once(line, "counter")) arm(line);
}

function arm(line) {
  const field = document.getElementById(line.dataset.countFor);
  if (!field) return;
  const limit = Number(line.dataset.limit);
  const format = new Intl.NumberFormat(locale());
  const show = (count) => {
    line.textContent = `${format.format(count)} / ${format.format(limit)}`;
    line.classList.toggle("is-over", count > limit);
  };
  const read = line.dataset.countKind === "richtext" ? richText : oneLine;
  field.addEventListener("input", () => show(count(read(field.value))));
  field.form?.addEventListener("counted", (event) => {
    if (field.name in event.detail) show(event.detail[field.name]);
  });
}

function count(value) {
  if (!("Segmenter" in Intl)) return [...value].length;
  let total = 0;
  for (const _each of new Intl.Segmenter(locale(), { granularity: "grapheme" }).segment(value)) total += 1;
  return total;
}

function lines(value) {
  const text = value.normalize("NFC").replace(/\r\n?|[\u2028\u2029]/g, "\n").replace(UNSEEN, "").replace(STACKED, "$1");
  return text.split("\n").map((line) => line.replace(CONTROL, " ").trim());
}

function oneLine(value) {
  return lines(value).join("\n").trim().replace(/\s*\n\s*|[ \t]{2,}/g, " ");
}

/** The words of a rich text with one line end between its parts. */
function richText(value) {
  const cleaned = lines(value).join("\n").trim();
  if (!/<\/?[a-zA-Z]/.test(cleaned)) return tidy(cleaned.replace(/\n\s*\n/g, "\n"));
  const body = new DOMParser().parseFromString(cleaned, "text/html").body;
  for (const gone of body.querySelectorAll("script, style")) gone.remove();
  const parts = [];
  walk(body, parts);
  return tidy(parts.join(""));
}

function walk(node, parts) {
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) parts.push(child.data.replace(/[ \t\r\n\f\u00a0]+/g, " "));
    if (child.nodeType !== Node.ELEMENT_NODE) continue;
    const isApart = BLOCK.has(child.tagName) || child.tagName === "LI" || child.tagName === "BR";
    if (isApart) parts.push("\n");
    if (child.tagName === "LI") parts.push("- ");
    walk(child, parts);
    if (isApart && child.tagName !== "BR") parts.push("\n");
  }
}

const tidy = (value) =>
  value
    .split("\n")
    .map((line) => line.replace(/ {2,}/g, " ").trim())
    .join("\n")
    .replace(/\n{2,}/g, "\n")
    .trim();
