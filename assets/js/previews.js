// Frames that show a mail or page as it will be: scaled so that the desktop form fits, with a switch to phone width.
import { once, within } from "./page.js";

const PHONE_WIDTH = 390;

export function start(root) {
  for (const preview of within(root, "[data-preview]")) if (once(preview, "preview")) armPreview(preview);
  for (const picture of within(root, "[data-thumbnail]")) if (once(picture, "thumbnail")) armThumbnail(picture);
}

function armPreview(preview) {
  const stage = preview.querySelector(".preview-stage");
  const desktop = Number(preview.dataset.previewWidth) || 1120;
  let isPhone = false;

  const fit = () => {
    const space = stage.clientWidth;
    if (!space) return;
    const wanted = isPhone ? PHONE_WIDTH : desktop;
    const scale = Math.min(1, space / wanted);
    // Wider than needed: a desktop form may fill the stage, a phone stands in its middle.
    const width = isPhone ? wanted : Math.max(wanted, space);
    stage.style.setProperty("--frame-width", `${width}px`);
    stage.style.setProperty("--scale", String(scale));
    stage.style.setProperty("--frame-start", `${Math.max(0, (space - width * scale) / 2)}px`);
  };

  preview.tmpaShowAs = (kind) => {
    isPhone = kind === "phone";
    preview.classList.toggle("is-phone", isPhone);
    for (const each of preview.querySelectorAll("[data-width]")) {
      each.setAttribute("aria-pressed", String(each.dataset.width === kind));
    }
    fit();
  };
  for (const button of preview.querySelectorAll("[data-width]")) {
    button.addEventListener("click", () => {
      // Behind tabs the choice is one for all of them.
      const group = preview.closest("[data-tabs]") ?? preview;
      for (const each of within(group, "[data-preview]")) each.tmpaShowAs(button.dataset.width);
    });
  }
  new ResizeObserver(fit).observe(stage);
  if (window.matchMedia("(max-width: 30rem)").matches) preview.tmpaShowAs("phone");
}

function armThumbnail(picture) {
  const width = Number(picture.dataset.thumbnail) || 680;
  picture.style.setProperty("--frame-width", `${width}px`);
  new ResizeObserver(() => picture.style.setProperty("--scale", String(picture.clientWidth / width))).observe(picture);
}

/**
 * Load a frame anew without a flash: a second frame loads behind it, takes over its scroll position and then its place.
 */
export function reload(frame) {
  frame.tmpaNext?.remove();
  const next = frame.cloneNode();
  next.classList.add("is-loading");
  next.removeAttribute("loading");
  next.removeAttribute("name");
  next.setAttribute("aria-hidden", "true");
  frame.tmpaNext = next;
  next.addEventListener(
    "load",
    () => {
      const { scrollX = 0, scrollY = 0 } = frame.contentWindow ?? {};
      next.contentWindow?.scrollTo(scrollX, scrollY);
      next.classList.remove("is-loading");
      next.removeAttribute("aria-hidden");
      if (frame.name) next.name = frame.name;
      frame.remove();
    },
    { once: true },
  );
  frame.after(next);
}
