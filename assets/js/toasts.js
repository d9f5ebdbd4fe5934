// Messages about what just happened. Good news leaves by itself; bad news stays until dismissed.
import { text } from "./page.js";

const SHOWN_MS = 7000;

export function toast(message, tone = "good") {
  const box = document.createElement("div");
  box.className = `toast tone-${tone}`;
  box.dataset.toast = "";
  const words = document.createElement("p");
  words.textContent = message;
  box.append(words);
  document.getElementById("toasts")?.append(box);
  arm(box);
}

function arm(box) {
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", text("dismiss"));
  close.innerHTML = '<span class="icon icon-close" aria-hidden="true"></span>';
  close.addEventListener("click", () => box.remove());
  box.append(close);
  if (box.classList.contains("tone-bad")) return;
  const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : box.remove());
  setTimeout(leave, SHOWN_MS);
}

export function start() {
  document.querySelectorAll("[data-toast]").forEach(arm);
  // An answer to htmx may carry the header HX-Trigger: {"toast": {"message": "…", "tone": "good"}}.
  document.addEventListener("toast", (event) => toast(event.detail.message, event.detail.tone));
}
