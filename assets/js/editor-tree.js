// The list of parts: what stands where. All of it works by keyboard, and every drag can be done here.
export function armTree(editor) {
  const place = editor.root.querySelector("[data-tree]");
  if (!place) return null;
  const item = (id) => (id === null || id === undefined ? null : place.querySelector(`[data-node="${id}"]`));
  const number = (text) => Number(text);

  const describe = (element) => ({
    id: number(element.dataset.node),
    parent: number(element.dataset.parent),
    place: number(element.dataset.place),
    accepts: new Set(element.dataset.accepts.split(" ").filter(Boolean)),
    names: element.dataset.names.split(" ").filter(Boolean),
    isMovable: "movable" in element.dataset,
  });
  const get = (id) => {
    const found = item(id);
    return found ? describe(found) : null;
  };
  const childItems = (element) => [...(element.querySelector(":scope > ul")?.children ?? [])];
  const childrenOf = (id) => (item(id) ? childItems(item(id)).map((each) => number(each.dataset.node)) : []);
  const siblings = (element) => [...element.parentElement.children];
  const parentItem = (element) => element.parentElement.closest("[data-node]");
  const contains = (outer, inner) => Boolean(item(outer)?.contains(item(inner)));
  const takes = (row, names) => names.length > 0 && names.every((name) => row.accepts.has(name));

  function choose(id) {
    for (const each of place.querySelectorAll('[aria-selected="true"]')) each.setAttribute("aria-selected", "false");
    for (const each of place.querySelectorAll('[tabindex="0"]')) each.tabIndex = -1;
    const found = item(id);
    if (!found) {
      const first = place.querySelector("[data-node]");
      if (first) first.tabIndex = 0;
      return;
    }
    found.setAttribute("aria-selected", "true");
    found.tabIndex = 0;
    for (let up = parentItem(found); up; up = parentItem(up)) up.setAttribute("aria-expanded", "true");
    // Only the list scrolls: the page must not jump while somebody works in the piece.
    const list = place.parentElement;
    const line = found.querySelector(".tree-line").getBoundingClientRect();
    const shown = list.getBoundingClientRect();
    if (line.top < shown.top) list.scrollTop -= shown.top - line.top + 40;
    else if (line.bottom > shown.bottom) list.scrollTop += line.bottom - shown.bottom + 40;
  }

  function replace(html) {
    const open = new Set([...place.querySelectorAll('[aria-expanded="true"]')].map((each) => each.dataset.node));
    const hadFocus = place.contains(document.activeElement);
    place.innerHTML = html;
    for (const each of place.querySelectorAll("[aria-expanded]")) {
      if (open.has(each.dataset.node)) each.setAttribute("aria-expanded", "true");
    }
    if (hadFocus) requestAnimationFrame(() => place.querySelector('[tabindex="0"]')?.focus());
  }

  /** One step up (-1) or down (1) among its neighbours. */
  function shift(id, step) {
    const found = item(id);
    if (!found || !("movable" in found.dataset)) return Promise.resolve(false);
    const around = siblings(found);
    const at = around.indexOf(found);
    const target = step < 0 ? around[at - 1] : around[at + 2];
    if (step < 0 ? at === 0 : at === around.length - 1) return Promise.resolve(false);
    const before = target ? number(target.dataset.node) : null;
    return editor.change([{ op: "move", node: id, parent: number(found.dataset.parent), before }]);
  }

  function act(action, id) {
    const found = get(id);
    if (!found?.isMovable) return Promise.resolve(false);
    if (action === "up" || action === "down") return shift(id, action === "up" ? -1 : 1);
    if (action === "duplicate") return editor.change([{ op: "duplicate", node: id }]);
    if (action === "delete") {
      const next = parentItem(item(id));
      return editor.change([{ op: "delete", node: id }], { selected: next ? number(next.dataset.node) : null });
    }
    return Promise.resolve(false);
  }

  /** Where a block goes that is added without dragging: after the chosen part, or into the nearest that takes it. */
  function nearestPlace(names) {
    for (let found = item(editor.selected); found; found = parentItem(found)) {
      const row = describe(found);
      if (takes(row, names)) return { parent: row.place, before: null };
      const up = parentItem(found);
      if (up && takes(describe(up), names) && describe(up).place === row.parent) {
        const next = found.nextElementSibling;
        return { parent: row.parent, before: next ? number(next.dataset.node) : null };
      }
    }
    const first = [...place.querySelectorAll("[data-node]")].map(describe).find((row) => takes(row, names));
    return first ? { parent: first.place, before: null } : null;
  }

  place.addEventListener("click", (event) => {
    const found = event.target.closest("[data-node]");
    if (!found) return;
    const line = found.querySelector(".tree-line");
    // A press on the arrow opens and folds; anywhere else chooses.
    const start = document.documentElement.dir === "rtl" ? line.getBoundingClientRect().right - event.clientX : event.clientX - line.getBoundingClientRect().left;
    if (found.hasAttribute("aria-expanded") && start < 20) {
      found.setAttribute("aria-expanded", String(found.getAttribute("aria-expanded") !== "true"));
      return;
    }
    editor.select(number(found.dataset.node), { scroll: true });
    found.focus({ preventScroll: true });
  });

  place.addEventListener("keydown", (event) => {
    const found = event.target.closest("[data-node]");
    if (!found || event.ctrlKey || event.metaKey) return;
    const id = number(found.dataset.node);
    const shown = [...place.querySelectorAll("[data-node]")].filter((each) => each.offsetParent !== null);
    const at = shown.indexOf(found);
    const isRtl = document.documentElement.dir === "rtl";
    const deeper = isRtl ? "ArrowLeft" : "ArrowRight";
    const higher = isRtl ? "ArrowRight" : "ArrowLeft";
    const go = (target) => {
      if (!target) return;
      editor.select(number(target.dataset.node), { scroll: true });
      target.focus({ preventScroll: true });
    };
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) act(event.key === "ArrowUp" ? "up" : "down", id);
    else if (event.altKey) return;
    else if (event.key === "ArrowDown") go(shown[at + 1]);
    else if (event.key === "ArrowUp") go(shown[at - 1]);
    else if (event.key === "Home") go(shown[0]);
    else if (event.key === "End") go(shown.at(-1));
    else if (event.key === deeper) {
      if (found.getAttribute("aria-expanded") === "false") found.setAttribute("aria-expanded", "true");
      else go(childItems(found)[0]);
    } else if (event.key === higher) {
      if (found.getAttribute("aria-expanded") === "true") found.setAttribute("aria-expanded", "false");
      else go(parentItem(found));
    } else if (event.key === "Enter" || event.key === " ") go(found);
    else if (event.key === "Delete") act("delete", id);
    else return;
    event.preventDefault();
  });

  choose(null);
  return {
    has: (id) => item(id) !== null,
    labelOf: (id) => item(id)?.querySelector(".tree-label").textContent ?? "",
    get, choose, replace, act, childrenOf, contains, takes, nearestPlace,
    parentOf: (id) => {
      const up = item(id) && parentItem(item(id));
      return up ? number(up.dataset.node) : null;
    },
  };
}
