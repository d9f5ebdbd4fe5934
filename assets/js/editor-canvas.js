// The piece as the server renders it, in a frame without scripts, and what is drawn over it.
const PHONE_WIDTH = 390;
const TALLEST = 20000;
const MARKED = "[data-tmpa-n], [class*='tmpa-n']";

/** The id of the part that an element of the frame stands for. */
function idOf(element) {
  if (element.dataset?.tmpaN) return Number(element.dataset.tmpaN);
  for (const name of element.classList ?? []) {
    const found = /^tmpa-n(\d+)$/.exec(name);
    if (found) return Number(found[1]);
  }
  return null;
}

export function armCanvas(editor) {
  const { root } = editor;
  const stage = root.querySelector("[data-stage]");
  const sheet = root.querySelector("[data-sheet]");
  const overlay = root.querySelector("[data-overlay]");
  const hover = root.querySelector("[data-hover]");
  const chosen = root.querySelector("[data-chosen]");
  const drop = root.querySelector("[data-drop]");
  const tag = root.querySelector("[data-tag]");
  let frame = root.querySelector("[data-canvas-frame]");
  let elements = new Map();
  let isPhone = false;
  let isPlain = false;
  let scale = 1;
  let turn = 0;

  const address = () => `${root.dataset.canvas}${isPlain ? "?plain=1" : ""}`;

  function read() {
    elements = new Map();
    const inner = frame.contentDocument;
    if (!inner?.body) return;
    for (const element of inner.querySelectorAll(MARKED)) {
      const id = idOf(element);
      if (id === null) continue;
      if (!elements.has(id)) elements.set(id, []);
      elements.get(id).push(element);
    }
  }

  function fit() {
    const space = stage.clientWidth;
    const inner = frame.contentDocument;
    if (!space || !inner?.documentElement) return;
    const wanted = isPhone ? PHONE_WIDTH : Number(root.dataset.width);
    scale = Math.min(1, space / wanted);
    const width = isPhone ? wanted : Math.max(wanted, space);
    sheet.style.setProperty("--frame-width", `${width}px`);
    sheet.style.setProperty("--scale", String(scale));
    // Heights in parts of the window would grow with the frame: it is measured at one fixed height.
    sheet.style.setProperty("--frame-height", "900px");
    const height = Math.min(TALLEST, Math.max(inner.documentElement.scrollHeight, inner.body?.scrollHeight ?? 0, 300));
    sheet.style.setProperty("--frame-height", `${height}px`);
    sheet.style.setProperty("--sheet-width", `${width * scale}px`);
    sheet.style.setProperty("--sheet-height", `${height * scale}px`);
    mark(editor.selected);
  }

  function boxOf(id) {
    const rects = (elements.get(id) ?? []).map((each) => each.getBoundingClientRect()).filter((each) => each.width || each.height);
    // A rule has no box of its own: it is where its parts are.
    if (!rects.length) rects.push(...(editor.tree?.childrenOf(id) ?? []).map(boxOf).filter(Boolean).map((each) => each.plain));
    if (!rects.length) return null;
    const left = Math.min(...rects.map((each) => each.left));
    const top = Math.min(...rects.map((each) => each.top));
    const right = Math.max(...rects.map((each) => each.right));
    const bottom = Math.max(...rects.map((each) => each.bottom));
    const plain = { left, top, right, bottom };
    return { plain, left: left * scale, top: top * scale, right: right * scale, bottom: bottom * scale };
  }

  function lay(box, element) {
    element.hidden = !box;
    if (!box) return;
    element.style.transform = `translate(${box.left}px, ${box.top}px)`;
    element.style.width = `${Math.max(1, box.right - box.left)}px`;
    element.style.height = `${Math.max(1, box.bottom - box.top)}px`;
  }

  function mark(id, { scroll = false } = {}) {
    if (!overlay) return;
    const box = id === null ? null : boxOf(id);
    lay(box, chosen);
    if (!box) return;
    tag.textContent = editor.tree?.labelOf(id) ?? "";
    chosen.classList.toggle("is-high", box.top < 24);
    if (!scroll) return;
    const shown = stage.scrollTop;
    if (box.top < shown || box.top > shown + stage.clientHeight - 40) stage.scrollTo({ top: Math.max(0, box.top - 60) });
  }

  /** The element of the frame under a point of the window. */
  function elementAt(x, y) {
    const box = sheet.getBoundingClientRect();
    return frame.contentDocument?.elementFromPoint((x - box.left) / scale, (y - box.top) / scale) ?? null;
  }

  /** The innermost part that the list knows, under a point of the window. */
  function partAt(x, y) {
    for (let element = elementAt(x, y); element; element = element.parentElement) {
      const id = idOf(element);
      if (id !== null && editor.tree.has(id)) return id;
    }
    return null;
  }

  function ready() {
    read();
    fit();
    for (const image of frame.contentDocument?.images ?? []) if (!image.complete) image.addEventListener("load", fit, { once: true });
  }

  /** Load the render anew behind the one that is shown, then take its place: no flash, same scroll position. */
  function reload() {
    const mine = ++turn;
    return new Promise((resolve) => {
      const next = frame.cloneNode();
      next.classList.add("is-loading");
      next.src = address();
      next.addEventListener(
        "load",
        () => {
          if (mine !== turn) {
            next.remove();
          } else {
            frame.remove();
            frame = next;
            frame.classList.remove("is-loading");
            ready();
          }
          resolve();
        },
        { once: true },
      );
      frame.after(next);
    });
  }

  for (const button of root.querySelectorAll("[data-device]")) {
    button.addEventListener("click", () => {
      isPhone = button.dataset.device === "phone";
      for (const each of root.querySelectorAll("[data-device]")) each.setAttribute("aria-pressed", String(each === button));
      fit();
    });
  }
  for (const button of root.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => {
      isPlain = button.dataset.view === "plain";
      overlay.hidden = isPlain;
      for (const each of root.querySelectorAll("[data-view]")) each.setAttribute("aria-pressed", String(each === button));
      reload();
    });
  }
  if (overlay) {
    overlay.addEventListener("pointermove", (event) => {
      const isDragging = document.documentElement.classList.contains("is-dragging");
      lay(isDragging ? null : boxOf(partAt(event.clientX, event.clientY)), hover);
    });
    overlay.addEventListener("pointerleave", () => lay(null, hover));
  }
  frame.addEventListener("load", ready, { once: true });
  if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.URL !== "about:blank") ready();
  new ResizeObserver(fit).observe(stage);

  return { stage, overlay, mark, reload, boxOf, partAt, elementAt, idOf, drop: (box) => lay(box, drop), hover: (box) => lay(box, hover) };
}
