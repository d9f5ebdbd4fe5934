// data-preview-form: the form saves itself a moment after the last key and the previews follow.
//   data-save-url         where it posts (else the form's action)
//   data-preview-targets  names of the frames to load anew, separated by spaces
//   [data-save-status]    where "Saved 10:42" appears (inside the form, or anywhere with data-save-status="form id")
// The answer is JSON {"message": "Saved 10:42", "errors": {"field name": "sentence"}} or a short plain text.
import { csrfHeader, once, text, within } from "./page.js";
import { reload } from "./previews.js";

const WAIT_MS = 250;
const RETRY_MS = 4000;

export function start(root) {
  for (const form of within(root, "form[data-preview-form]")) if (once(form, "preview-form")) arm(form);
}

function arm(form) {
  let timer = 0;
  let dirty = false;
  let busy = false;

  const url = () => form.dataset.saveUrl || form.action;
  const body = () => {
    const data = new FormData(form);
    // Files go with a real submit: sending a logo at every key would be slow and surprising.
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return data;
  };

  const schedule = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };

  async function save() {
    if (busy) return;
    busy = true;
    dirty = false;
    say(form, text("saving"));
    try {
      const answer = await fetch(url(), {
        method: "POST",
        headers: { ...csrfHeader(), Accept: "application/json", "HX-Request": "true" },
        body: body(),
      });
      if (answer.ok || answer.status === 422) show(form, await read(answer), answer.ok);
      else throw new Error(String(answer.status));
    } catch {
      dirty = true;
      say(form, text("not-saved"), true);
    }
    busy = false;
    if (dirty) schedule(form.querySelector(".is-failing") ? RETRY_MS : WAIT_MS);
  }

  const changed = (event) => {
    // A field may stand inside and belong to another form (form="…").
    if (event.target.form && event.target.form !== form) return;
    dirty = true;
    schedule(WAIT_MS);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    dirty = false;
  });
  // Another part of the page saved something of this form itself (a picture): only the previews have to follow.
  document.body.addEventListener("saved", (event) => {
    if (event.target !== form && form.isConnected) reloadFrames(form);
  });
  // Leaving the page within the 250 ms loses nothing.
  window.addEventListener("pagehide", () => {
    if (!dirty) return;
    const data = body();
    const token = csrfHeader()["X-CSRFToken"];
    if (token && !data.has("csrf_token")) data.set("csrf_token", token);
    navigator.sendBeacon(url(), data);
  });
}

async function read(answer) {
  if (answer.headers.get("Content-Type")?.includes("json")) return answer.json();
  // Sent on to a whole page: saved, and nothing in it is meant for one line.
  if (answer.redirected || answer.status === 204) return {};
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { message: parsed.body.textContent.trim() };
}

function show(form, answer, isSaved) {
  say(form, answer.message || text(isSaved ? "saved" : "not-saved"), !isSaved);
  showErrors(form, answer.errors ?? {});
  form.dispatchEvent(new CustomEvent("counted", { detail: answer.counts ?? {} }));
  reloadFrames(form);
  // Other parts of the page follow what was saved: hx-trigger="saved from:body".
  if (isSaved) form.dispatchEvent(new CustomEvent("saved", { bubbles: true }));
}

function reloadFrames(form) {
  for (const name of (form.dataset.previewTargets ?? "").split(/\s+/).filter(Boolean)) {
    const frame = document.querySelector(`iframe[name="${CSS.escape(name)}"]:not(.is-loading)`);
    if (frame) reload(frame);
  }
}

function say(form, message, isFailing = false) {
  const place =
    form.querySelector("[data-save-status]") ?? document.querySelector(`[data-save-status="${CSS.escape(form.id)}"]`);
  if (!place) return;
  place.setAttribute("role", "status");
  place.classList.add("save-status");
  place.classList.toggle("is-failing", isFailing);
  place.textContent = message;
}

function showErrors(form, errors) {
  for (const old of form.querySelectorAll(".error[data-live]")) {
    old.closest(".field")?.classList.remove("has-error");
    old.remove();
  }
  for (const [name, sentence] of Object.entries(errors)) {
    const control = form.elements.namedItem(name);
    const first = control instanceof RadioNodeList ? control[0] : control;
    const field = first?.closest(".field");
    if (!field) continue;
    const line = document.createElement("p");
    line.className = "error";
    line.dataset.live = "";
    line.id = `${first.id}-live-error`;
    line.textContent = Array.isArray(sentence) ? sentence.join(" ") : sentence;
    field.classList.add("has-error");
    (field.querySelector("[data-error-place]") ?? field).append(line);
    first.setAttribute("aria-errormessage", line.id);
  }
}
