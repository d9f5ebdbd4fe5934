// The portal's script. Every page works without it; it saves steps, shows results sooner and keeps what was typed.
import htmx from "htmx.org";
import { start as startCharts } from "./chart-loader.js";
import { start as startConfirm } from "./confirm.js";
import { start as startCopy } from "./copy.js";
import { start as startCounters } from "./counter.js";
import { start as startDropzones } from "./dropzone.js";
import { start as startFocal } from "./focal.js";
import { start as startKeys } from "./keys.js";
import { start as startMenus } from "./menus.js";
import { start as startPoll } from "./poll.js";
import { start as startPreviewForms } from "./preview-form.js";
import { start as startPreviews } from "./previews.js";
import { start as startTables } from "./tables.js";
import { start as startTabs } from "./tabs.js";
import { start as startTheme } from "./theme.js";
import { start as startToasts, toast } from "./toasts.js";
import { start as startTranslate } from "./translate.js";
import { csrfHeader, text } from "./page.js";

document.documentElement.classList.add("js");

document.addEventListener("htmx:configRequest", (event) => Object.assign(event.detail.headers, csrfHeader()));
document.addEventListener("htmx:sendError", () => toast(text("offline"), "bad"));
document.addEventListener("htmx:responseError", () => toast(text("failed"), "bad"));

// Once: these listen on the document.
for (const start of [startConfirm, startCopy, startMenus, startKeys, startTheme, startToasts, startPoll]) start(htmx);

// On the page and on every part that htmx brings in later.
const enhance = (root) => {
  for (const start of [startDropzones, startFocal, startPreviewForms, startCounters, startPreviews, startTables, startTabs, startTranslate, startCharts]) start(root);
};
enhance(document);
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) enhance(event.detail.elt);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
});

document.querySelector("[data-focus]")?.focus();

// A printed page shows what was folded.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("main details:not([open])")) {
    part.open = true;
    part.dataset.openedForPrint = "";
  }
});
window.addEventListener("afterprint", () => {
  for (const part of document.querySelectorAll("[data-opened-for-print]")) {
    part.open = false;
    delete part.dataset.openedForPrint;
  }
});
