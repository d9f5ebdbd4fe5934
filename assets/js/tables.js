// On a phone each row of a table becomes a short list; its labels are the column heads.
// Roles are set because some browsers forget that something is a table once it is no longer laid out as one.
import { once, within } from "./page.js";

export function start(root) {
  for (const table of within(root, "table.table")) if (once(table, "labels")) label(table);
  for (const part of within(root, "tr")) {
    const table = part.closest("table.is-stacked");
    if (table && !part.closest("thead")) labelRow(part, heads(table));
  }
  for (const wrap of within(root, ".table-wrap")) if (once(wrap, "scroll")) makeReachable(wrap);
}

const heads = (table) => [...table.querySelectorAll("thead tr:last-child > *")].map((head) => head.textContent.trim());

function label(table) {
  const names = heads(table);
  if (!names.length) return;
  table.setAttribute("role", "table");
  table.querySelectorAll("thead, tbody, tfoot").forEach((group) => group.setAttribute("role", "rowgroup"));
  table.querySelectorAll("thead tr").forEach((row) => row.setAttribute("role", "row"));
  table.querySelectorAll("thead tr > *").forEach((cell) => cell.setAttribute("role", cell.matches("th") ? "columnheader" : "cell"));
  table.classList.add("is-stacked");
  table.querySelectorAll("tbody tr, tfoot tr").forEach((row) => labelRow(row, names));
}

function labelRow(row, names) {
  row.setAttribute("role", "row");
  let column = 0;
  for (const cell of row.cells) {
    cell.setAttribute("role", cell.matches("th") ? "rowheader" : "cell");
    if (cell.colSpan === 1 && names[column]) cell.dataset.label = names[column];
    column += cell.colSpan;
  }
}

/** What scrolls must be reachable by keyboard, and only then. */
function makeReachable(wrap) {
  new ResizeObserver(() => {
    if (wrap.scrollWidth > wrap.clientWidth + 1) {
      wrap.tabIndex = 0;
      wrap.setAttribute("role", "region");
      const caption = wrap.querySelector("caption")?.textContent.trim() || wrap.closest(".panel")?.querySelector("h2")?.textContent.trim();
      wrap.setAttribute("aria-label", caption || document.querySelector("h1")?.textContent.trim() || document.title);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) wrap.removeAttribute(name);
    }
  }).observe(wrap);
}
