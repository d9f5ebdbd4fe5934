// data-copy="text" on a button copies the text; data-copy-from="#id" copies what stands in that element.
import { text } from "./page.js";
import { toast } from "./toasts.js";

export function start() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy], [data-copy-from]");
    if (!button) return;
    const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
    const value = source ? (source.value ?? source.textContent) : button.dataset.copy;
    try {
      await navigator.clipboard.writeText(value);
      toast(text("copied"), "good");
    } catch {
      // Not allowed (plain http, old browser): select it, so that one key copies it.
      const shown = source ?? button.parentElement.querySelector("code");
      if (shown) getSelection().selectAllChildren(shown);
    }
  });
}
