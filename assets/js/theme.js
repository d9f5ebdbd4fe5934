// The form with data-theme-toggle: the choice shows at once and is saved behind it.
import { csrfHeader, text } from "./page.js";
import { toast } from "./toasts.js";

export function start() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-toggle]") || !event.submitter) return;
    event.preventDefault();
    const choice = event.submitter;
    document.documentElement.dataset.theme = choice.value;
    for (const each of form.querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", String(each === choice));
    document.dispatchEvent(new CustomEvent("tmpa:theme"));
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        headers: csrfHeader(),
        body: new FormData(form, choice),
        redirect: "manual",
      });
      if (answer.status >= 400) toast(text("failed"), "bad");
    } catch {
      toast(text("offline"), "bad");
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new CustomEvent("tmpa:theme")),
  );
}
