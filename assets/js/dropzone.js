// data-dropzone around (or on) a file input: takes dropped files, shows what was chosen, and checks data-max-bytes and
// accept before anything is uploaded. The server checks again.
import { fileSize, once, text, within } from "./page.js";

export function start(root) {
  for (const marked of within(root, "[data-dropzone]")) if (once(marked, "dropzone")) arm(marked);
}

function arm(marked) {
  const input = marked.matches("input") ? marked : marked.querySelector("input[type=file]");
  if (!input) return;
  const zone = marked.matches("input") ? wrap(input) : marked;
  const limit = Number(input.dataset.maxBytes ?? marked.dataset.maxBytes ?? 0);

  const hint = element("p", "dropzone-hint");
  hint.textContent = marked.dataset.hint ?? text("drop");
  zone.prepend(hint);
  const problem = element("p", "dropzone-error");
  problem.setAttribute("role", "alert");
  zone.append(problem);

  const check = () => {
    const files = [...input.files];
    const large = limit && files.find((file) => file.size > limit);
    const foreign = files.find((file) => !isAccepted(file, input.accept));
    const message = large
      ? text("too-large", { size: fileSize(large.size), limit: fileSize(limit) })
      : foreign
        ? text("wrong-type")
        : "";
    input.setCustomValidity(message);
    problem.textContent = message;
    hint.textContent = files.length
      ? files.map((file) => `${file.name} (${fileSize(file.size)})`).join(", ")
      : (marked.dataset.hint ?? text("drop"));
  };
  input.addEventListener("change", check);

  // A counter, because entering a child fires "leave" for its parent.
  let depth = 0;
  const mark = (by) => {
    depth = Math.max(0, depth + by);
    zone.classList.toggle("is-over", depth > 0);
  };
  zone.addEventListener("dragenter", () => mark(1));
  zone.addEventListener("dragleave", () => mark(-1));
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    const dropped = event.dataTransfer.files;
    if (!dropped.length) return;
    const taken = new DataTransfer();
    for (const file of input.multiple ? dropped : [dropped[0]]) taken.items.add(file);
    input.files = taken.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

function wrap(input) {
  const zone = element("div", "dropzone");
  input.replaceWith(zone);
  zone.append(input);
  return zone;
}

function element(name, className) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

function isAccepted(file, accept) {
  if (!accept) return true;
  return accept.split(",").some((entry) => {
    const wanted = entry.trim().toLowerCase();
    if (wanted.startsWith(".")) return file.name.toLowerCase().endsWith(wanted);
    if (wanted.endsWith("/*")) return file.type.startsWith(wanted.slice(0, -1));
    return file.type === wanted;
  });
}
