// The fields beside the canvas. Each holds its operation in data-op; leaving a field saves it.
export function armPanel(editor) {
  const { root } = editor;
  const body = root.querySelector("[data-panel-body]");
  let turn = 0;

  function paint() {
    for (const swatch of body.querySelectorAll("[data-swatch]")) {
      const colour = swatch.dataset.swatch;
      // The partner's colours have no value here: stand-ins of the sample brand.
      const shown = colour.startsWith("#") ? colour : colour.includes("on_") ? "#ffffff" : "#2b5797";
      swatch.style.setProperty("--swatch", shown);
      swatch.title = swatch.getAttribute("aria-label");
    }
  }

  /** The fields of a part. What somebody is typing at this moment stays as it is. */
  async function load(id) {
    const mine = ++turn;
    const url = id === null ? root.dataset.panel : `${root.dataset.panel}&node=${id}`;
    let html;
    try {
      const answer = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      html = await answer.text();
    } catch {
      return;
    }
    if (mine !== turn) return;
    const active = body.contains(document.activeElement) ? document.activeElement : null;
    const typed = active?.matches("textarea, input[type=text], input[type=number]")
      ? { value: active.value, start: active.selectionStart, end: active.selectionEnd, isDirty: active.value !== active.defaultValue }
      : null;
    const open = [...body.querySelectorAll("details")].map((each) => each.open);
    body.innerHTML = html;
    body.querySelectorAll("details").forEach((each, at) => (each.open ||= open[at] ?? false));
    paint();
    const again = active?.id ? body.querySelector(`#${CSS.escape(active.id)}`) : null;
    if (!again) return;
    again.focus({ preventScroll: true });
    if (typed?.isDirty) again.value = typed.value;
    if (typed && again.setSelectionRange && again.type !== "number") again.setSelectionRange(typed.start, typed.end);
  }

  function valueOf(control, operation) {
    if (control.type === "checkbox") return control.checked;
    if (control.type === "number") return control.value === "" ? null : Math.trunc(Number(control.value));
    if (control.value === "" && (operation.op === "attribute" || operation.op === "style")) return null;
    return control.value;
  }

  async function save(control) {
    const operation = JSON.parse(control.dataset.op);
    const isDone = await editor.change([{ ...operation, value: valueOf(control, operation) }]);
    // What was typed stays to be mended; a choice that was refused goes back to what is so.
    if (!isDone && control.matches("select, input[type=checkbox]")) load(editor.selected);
  }

  body.addEventListener("change", (event) => {
    const control = event.target;
    if (control.dataset.op) return save(control);
    if (control.matches("[data-move-to]") && control.value) {
      editor.change([{ op: "move", node: editor.selected, parent: Number(control.value), before: null }]);
    } else if (control.dataset.pictureOf && control.files.length) {
      const form = new FormData();
      form.set("file", control.files[0]);
      form.set("node", control.dataset.pictureOf);
      editor.change([], { url: root.dataset.picture, body: form });
    }
  });

  body.addEventListener("click", (event) => {
    const swatch = event.target.closest("[data-swatch]");
    if (swatch) {
      const control = body.querySelector(`#${CSS.escape(swatch.dataset.for)}`);
      control.value = swatch.dataset.swatch;
      return save(control);
    }
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action === "piece") editor.select(null);
    else if (action) editor.tree.act(action, editor.selected);
  });

  // Ctrl+Enter saves without leaving the field.
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.dataset.op) {
      event.preventDefault();
      event.target.blur();
      event.target.focus();
    }
  });

  // Leaving the page in the middle of a word loses nothing.
  window.addEventListener("pagehide", () => {
    const control = document.activeElement;
    if (!body.contains(control) || !control.dataset.op || control.value === control.defaultValue) return;
    if (!control.matches("textarea, input[type=text], input[type=number]")) return;
    const operation = JSON.parse(control.dataset.op);
    editor.post(root.dataset.operations, { operations: [{ ...operation, value: valueOf(control, operation) }] }, { keepalive: true });
  });

  paint();
  let latest = Promise.resolve();
  return {
    load: (id) => (latest = load(id)),
    /** To the first field, as soon as it is there. */
    focus: () => latest.then(() => body.querySelector("textarea:not([readonly]), input[type=text]")?.focus()),
  };
}
