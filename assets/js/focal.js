// data-focal around a picture and two sliders (data-focal-x, data-focal-y, percent): shows the cut that the server will
// make, and a click or drag on the picture moves the sliders. Without script the sliders do it alone.
//   data-ratio            "16:9"
//   data-width, -height   the picture's own size in pixels
import { once, within } from "./page.js";

export function start(root) {
  for (const box of within(root, "[data-focal]")) if (once(box, "focal")) arm(box);
  for (const input of within(root, "[data-picture-upload]")) {
    // A chosen file is sent by itself: the form's own saving would bring the picture that was there before.
    if (!once(input, "picture-upload")) continue;
    for (const kind of ["input", "change"]) input.addEventListener(kind, (event) => event.stopPropagation());
  }
  // Where that saving was under way already, it wrote the old picture over the new one: save what is shown now.
  for (const field of within(root, "[data-picture-fresh]")) {
    if (once(field, "picture-fresh")) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function arm(box) {
  const stage = box.querySelector(".focal-stage");
  const frame = box.querySelector(".focal-frame");
  const mark = box.querySelector(".focal-mark");
  const [across, down] = [box.querySelector("[data-focal-x]"), box.querySelector("[data-focal-y]")];
  const [width, height] = [Number(box.dataset.width), Number(box.dataset.height)];
  const [ratioWidth, ratioHeight] = box.dataset.ratio.split(":").map(Number);
  const cut = {
    width: Math.min(1, (height * ratioWidth) / ratioHeight / width),
    height: Math.min(1, (width * ratioHeight) / ratioWidth / height),
  };
  const clamp = (value, most) => Math.min(Math.max(0, value), most);

  const draw = () => {
    const [x, y] = [Number(across.value) / 100, Number(down.value) / 100];
    const left = clamp(x - cut.width / 2, 1 - cut.width);
    const top = clamp(y - cut.height / 2, 1 - cut.height);
    for (const [name, value] of Object.entries({ x, y, left, top, width: cut.width, height: cut.height })) {
      stage.style.setProperty(`--${name}`, `${100 * value}%`);
    }
  };
  const move = (event) => {
    const place = stage.getBoundingClientRect();
    across.value = String(Math.round(100 * clamp((event.clientX - place.left) / place.width, 1)));
    down.value = String(Math.round(100 * clamp((event.clientY - place.top) / place.height, 1)));
    draw();
  };

  frame.hidden = mark.hidden = false;
  stage.classList.add("is-live");
  draw();
  for (const slider of [across, down]) slider.addEventListener("input", draw);
  const done = () => across.dispatchEvent(new Event("input", { bubbles: true }));
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType !== "mouse") return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    move(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) move(event);
  });
  stage.addEventListener("pointerup", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) done();
  });
  // A finger that scrolls must not move the middle: only a tap does.
  stage.addEventListener("click", (event) => {
    if (event.pointerType === "mouse") return;
    move(event);
    done();
  });
}
