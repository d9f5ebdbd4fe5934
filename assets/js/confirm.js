// data-confirm="What will happen" on a form, a submit button or a link: asks in the page's own dialog.
// The dialog's button says what the pressed button said, so nobody answers a bare "OK".

const confirmed = new WeakSet();

function ask(question, action, danger) {
  const dialog = document.getElementById("confirm-dialog");
  const button = dialog.querySelector("[data-confirm-action]");
  dialog.querySelector(".dialog-text").textContent = question;
  if (action) button.textContent = action;
  button.classList.toggle("button-danger", danger);
  button.classList.toggle("button-primary", !danger);
  dialog.returnValue = "cancel";
  dialog.showModal();
  // The focus starts on the question: Enter by habit must not be the answer to something dangerous.
  (danger ? dialog.querySelector(".dialog-text") : button).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

/** The words on a button without its key hint. */
function words(button) {
  if (!button) return "";
  const copy = button.cloneNode(true);
  copy.querySelectorAll("kbd, .icon").forEach((part) => part.remove());
  return copy.textContent.trim();
}

const isDanger = (button) => Boolean(button?.classList.contains("button-danger"));

export function start() {
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      const button = event.submitter;
      const question = button?.dataset.confirm ?? form.dataset.confirm;
      if (!question || confirmed.delete(form)) return;
      event.preventDefault();
      event.stopPropagation();
      if (await ask(question, words(button), isDanger(button))) {
        confirmed.add(form);
        form.requestSubmit(button);
      }
    },
    true,
  );

  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-confirm]");
    if (!link || link.hasAttribute("hx-get")) return;
    event.preventDefault();
    if (await ask(link.dataset.confirm, words(link), isDanger(link))) location.assign(link.href);
  });

  // Buttons that htmx posts on its own; its forms come through the submit event above.
  document.addEventListener("htmx:confirm", (event) => {
    const element = event.detail.elt;
    if (!element.dataset.confirm || element instanceof HTMLFormElement || element.form) return;
    event.preventDefault();
    ask(element.dataset.confirm, words(element), isDanger(element)).then((yes) => yes && event.detail.issueRequest(true));
  });
}
