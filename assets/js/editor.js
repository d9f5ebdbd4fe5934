// The designer's editor. The server owns the tree and the text: each change is posted as an operation, and the answer
// brings the new tree and the new render. Undo puts an earlier state of the files back, byte for byte.
import { armCanvas } from "./editor-canvas.js";
import { armDrag } from "./editor-drag.js";
import { armPanel } from "./editor-panel.js";
import { armTree } from "./editor-tree.js";
import { csrfHeader } from "./page.js";

const root = document.querySelector("[data-designer]");

function remembered(key, hash) {
  try {
    const found = JSON.parse(sessionStorage.getItem(key));
    if (found.hashes[found.at] === hash) return found;
  } catch {
    // Nothing remembered, or not by us.
  }
  return { hashes: [hash], at: 0 };
}

function begin() {
  const storageKey = `designer:${root.dataset.draft}`;
  const history = remembered(storageKey, root.dataset.hash);
  const status = root.querySelector("[data-status]");
  const findings = root.querySelector("[data-findings]");
  const undo = root.querySelector("[data-undo]");
  const redo = root.querySelector("[data-redo]");
  const conflict = root.querySelector("[data-conflict]");
  let revision = Number(root.dataset.revision);
  let waiting = Promise.resolve();

  const editor = { root, selected: null, say, post, change, select, tree: null, canvas: null, panel: null };

  function say(message, isBad = false) {
    status.textContent = message;
    status.classList.toggle("is-failing", isBad);
  }

  function showHistory() {
    undo.disabled = history.at === 0;
    redo.disabled = history.at >= history.hashes.length - 1;
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(history));
    } catch {
      // Full or forbidden: undo then ends with this page.
    }
  }

  function refuse(answer) {
    say(answer.message, true);
    findings.replaceChildren();
    const words = document.createElement("p");
    words.textContent = answer.message;
    findings.append(words);
    if (!answer.findings?.length) return;
    const list = document.createElement("ul");
    for (const each of answer.findings) {
      const item = document.createElement("li");
      item.textContent = `${each.where}: ${each.message} ${each.mend}`;
      list.append(item);
    }
    findings.append(list);
  }

  function ask(message) {
    conflict.querySelector("#conflict-text").textContent = message;
    conflict.returnValue = "stay";
    conflict.showModal();
    conflict.addEventListener("close", () => conflict.returnValue === "load" && location.reload(), { once: true });
  }

  /** One request after the other: each names the revision that the one before made. */
  function post(url, body, { keepalive = false } = {}) {
    waiting = waiting.then(async () => {
      say(root.dataset.saySaving);
      root.setAttribute("aria-busy", "true");
      try {
        const isForm = body instanceof FormData;
        if (isForm) body.set("revision", String(revision));
        const answer = await fetch(url, {
          method: "POST",
          headers: { ...csrfHeader(), Accept: "application/json", ...(isForm ? {} : { "Content-Type": "application/json" }) },
          body: isForm ? body : JSON.stringify({ revision, ...body }),
          keepalive,
        });
        const found = await answer.json();
        if (answer.status === 409) {
          say(found.message, true);
          ask(found.message);
          return null;
        }
        if (!answer.ok) {
          refuse(found);
          return null;
        }
        findings.replaceChildren();
        revision = found.revision;
        say(found.note ? `${found.message}. ${found.note}` : found.message);
        return found;
      } catch {
        say(root.dataset.sayFailed, true);
        return null;
      } finally {
        root.removeAttribute("aria-busy");
      }
    });
    return waiting;
  }

  async function show(answer, selected) {
    editor.tree?.replace(answer.tree);
    editor.selected = selected;
    editor.tree?.choose(selected);
    await Promise.all([editor.panel.load(selected), editor.canvas.reload()]);
    editor.canvas.mark(selected, { scroll: true });
  }

  /** Apply operations. `selected` is what stays chosen where the answer doesn't say. True when it was done. */
  async function change(operations, { selected = editor.selected, url = root.dataset.operations, body = { operations } } = {}) {
    const answer = await post(url, body);
    if (!answer) return false;
    if (answer.hash !== history.hashes[history.at]) {
      history.hashes = [...history.hashes.slice(0, history.at + 1), answer.hash].slice(-100);
      history.at = history.hashes.length - 1;
      showHistory();
    }
    await show(answer, answer.selected ?? selected);
    return true;
  }

  async function travel(step) {
    const at = history.at + step;
    if (at < 0 || at >= history.hashes.length) return;
    const answer = await post(root.dataset.restore, { hash: history.hashes[at] });
    if (!answer) return;
    history.at = at;
    showHistory();
    await show(answer, null);
  }

  function select(id, { scroll = false } = {}) {
    editor.selected = id;
    editor.tree?.choose(id);
    editor.canvas.mark(id, { scroll });
    editor.panel.load(id);
  }

  editor.panel = armPanel(editor);
  editor.canvas = armCanvas(editor);
  editor.tree = armTree(editor);
  if (editor.tree) armDrag(editor);

  undo.addEventListener("click", () => travel(-1));
  redo.addEventListener("click", () => travel(1));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    if (event.target.matches?.("input:not([type=checkbox]), textarea, select")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    travel(key === "y" || event.shiftKey ? 1 : -1);
  });
  showHistory();
}

if (root) begin();
