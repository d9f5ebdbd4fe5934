// Dragging a part of the piece, or a block into it. A line shows where it would land; the server has the last word.
const FAR_ENOUGH = 6;
const EDGE = 48;

export function armDrag(editor) {
  const { root, tree, canvas } = editor;
  const { overlay, stage } = canvas;
  let drag = null;

  /** Where things would land at a point of the window: the place that takes them, and the part after it. */
  function target(x, y, names, moved) {
    for (let id = canvas.partAt(x, y); id !== null; id = tree.parentOf(id)) {
      const row = tree.get(id);
      if (!row || (moved !== null && tree.contains(moved, id)) || !tree.takes(row, names)) continue;
      return among(row, x, y, moved);
    }
    return null;
  }

  function among(row, x, y, moved) {
    const sheet = overlay.getBoundingClientRect();
    const px = x - sheet.left;
    const py = y - sheet.top;
    const children = tree
      .childrenOf(row.id)
      .filter((id) => tree.get(id).parent === row.place)
      .map((id) => ({ id, box: canvas.boxOf(id) }))
      .filter((each) => each.box);
    const outer = canvas.boxOf(row.id);
    if (!children.length) return outer && { parent: row.place, before: null, line: { ...outer, top: outer.bottom - 4 } };
    const [first, second] = children;
    const isAcross = Boolean(second) && second.box.top < first.box.bottom - 1 && first.box.top < second.box.bottom - 1;
    const isRtl = isAcross && second.box.left < first.box.left;
    const isBefore = ({ box }) => {
      if (!isAcross) return py < (box.top + box.bottom) / 2;
      const middle = (box.left + box.right) / 2;
      return isRtl ? px > middle : px < middle;
    };
    const at = children.findIndex(isBefore);
    const next = at < 0 ? null : children[at];
    const edge = (next ?? children.at(-1)).box;
    const isEnd = next === null;
    const spot = isAcross ? (isEnd !== isRtl ? edge.right : edge.left) : isEnd ? edge.bottom : edge.top;
    const line = isAcross
      ? { left: spot - 2, right: spot + 2, top: edge.top, bottom: edge.bottom }
      : { left: edge.left, right: edge.right, top: spot - 2, bottom: spot + 2 };
    const before = next?.id === moved ? nextAfter(children, moved) : (next?.id ?? null);
    return { parent: row.place, before, line };
  }

  const nextAfter = (children, id) => children[children.findIndex((each) => each.id === id) + 1]?.id ?? null;

  function scroll(y) {
    const box = stage.getBoundingClientRect();
    if (y < box.top + EDGE) stage.scrollBy(0, -12);
    else if (y > box.bottom - EDGE) stage.scrollBy(0, 12);
  }

  function follow(event) {
    if (!drag) return;
    if (!drag.isOn) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR_ENOUGH || !drag.names.length) return;
      drag.isOn = true;
      document.documentElement.classList.add("is-dragging");
      canvas.hover(null);
    }
    event.preventDefault();
    scroll(event.clientY);
    const box = stage.getBoundingClientRect();
    const isOver = event.clientX > box.left && event.clientX < box.right && event.clientY > box.top && event.clientY < box.bottom;
    drag.target = isOver ? target(event.clientX, event.clientY, drag.names, drag.node) : null;
    canvas.drop(drag.target?.line ?? null);
  }

  function stop() {
    document.documentElement.classList.remove("is-dragging");
    canvas.drop(null);
    window.removeEventListener("pointermove", follow);
    window.removeEventListener("pointerup", end);
    window.removeEventListener("pointercancel", stop);
    window.removeEventListener("keydown", cancel, true);
    drag = null;
  }

  function end() {
    const done = drag;
    stop();
    if (!done) return;
    if (!done.isOn) return done.press();
    if (done.block) done.block.tmpaDragged = true;
    if (!done.target) return editor.say(root.dataset.sayNoPlace, true);
    const { parent, before } = done.target;
    editor.change([done.node !== null ? { op: "move", node: done.node, parent, before } : { op: "insert", component: done.block.dataset.block, parent, before }]);
  }

  function cancel(event) {
    if (event.key !== "Escape" || !drag?.isOn) return;
    if (drag.block) drag.block.tmpaDragged = true;
    event.stopPropagation();
    stop();
  }

  function start(event, found) {
    drag = { x: event.clientX, y: event.clientY, isOn: false, target: null, node: null, block: null, press: () => {}, ...found };
    window.addEventListener("pointermove", follow);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", stop);
    window.addEventListener("keydown", cancel, true);
  }

  /** What a drag takes along: the chosen part if the pointer is on it, else the nearest part that can be moved. */
  function grabbed(id) {
    if (editor.selected !== null && tree.contains(editor.selected, id) && tree.get(editor.selected)?.isMovable) return editor.selected;
    let at = id;
    while (at !== null && !tree.get(at)?.isMovable) at = tree.parentOf(at);
    return at;
  }

  overlay.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const id = canvas.partAt(event.clientX, event.clientY);
    if (id === null) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    const node = grabbed(id);
    start(event, { node, names: node === null ? [] : tree.get(node).names, press: () => editor.select(id) });
  });

  // Pressed twice: straight to its words.
  overlay.addEventListener("dblclick", () => editor.panel.focus());

  stage.addEventListener("keydown", (event) => {
    if (event.target !== stage || editor.selected === null || event.ctrlKey || event.metaKey) return;
    if (event.key === "Delete") tree.act("delete", editor.selected);
    else if (event.altKey && event.key === "ArrowUp") tree.act("up", editor.selected);
    else if (event.altKey && event.key === "ArrowDown") tree.act("down", editor.selected);
    else if (event.key === "Escape") editor.select(null);
    else return;
    event.preventDefault();
  });

  for (const block of root.querySelectorAll("[data-block]")) {
    const names = block.dataset.names.split(" ");
    block.addEventListener("pointerdown", (event) => event.button === 0 && start(event, { block, names }));
    block.addEventListener("dragstart", (event) => event.preventDefault());
    block.addEventListener("click", () => {
      if (block.tmpaDragged) {
        block.tmpaDragged = false;
        return;
      }
      const spot = tree.nearestPlace(names);
      if (!spot) return editor.say(root.dataset.sayNoPlace, true);
      editor.change([{ op: "insert", component: block.dataset.block, ...spot }]);
    });
  }
}
