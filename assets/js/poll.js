// data-poll="url" (data-poll-seconds="3"): replaces the element by the server's newer form of it, until that form has
// no data-poll. Waits while the tab is hidden or something inside has the focus.

const DEFAULT_SECONDS = 3;

export function start(htmx) {
  const due = new WeakMap();
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-poll]")) {
      const now = performance.now();
      const wait = 1000 * Number(element.dataset.pollSeconds || DEFAULT_SECONDS);
      if (!due.has(element)) due.set(element, now + wait);
      if (now < due.get(element) || element.contains(document.activeElement)) continue;
      due.set(element, now + wait);
      htmx.ajax("GET", element.dataset.poll, { source: element, target: element, swap: "outerHTML" });
    }
  }, 500);
}
