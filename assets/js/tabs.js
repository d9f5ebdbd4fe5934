// data-tabs: the tab pattern of the ARIA practices. Without the script all panels stand below each other.
import { isRightToLeft, once, within } from "./page.js";

export function start(root) {
  for (const group of within(root, "[data-tabs]")) if (once(group, "tabs")) arm(group);
}

function arm(group) {
  const tabs = [...group.querySelectorAll("[role=tab]")];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  const show = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panel(tab).hidden = !isChosen;
    }
  };

  for (const tab of tabs) {
    panel(tab).setAttribute("role", "tabpanel");
    panel(tab).setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const forward = isRightToLeft() ? "ArrowLeft" : "ArrowRight";
      const backward = isRightToLeft() ? "ArrowRight" : "ArrowLeft";
      const step = { [forward]: 1, [backward]: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
      show(next);
      next.focus();
    });
  }
  show(tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0]);
}
