// data-chart='{…}': an ECharts option. The library is large, so it loads only where a chart comes near the view.
import { once, within } from "./page.js";

const watcher = new IntersectionObserver(
  async (entries) => {
    const near = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
    if (!near.length) return;
    near.forEach((canvas) => watcher.unobserve(canvas));
    const { draw } = await import("./charts.js");
    near.forEach(draw);
  },
  { rootMargin: "400px" },
);

export function start(root) {
  for (const canvas of within(root, "[data-chart]")) if (once(canvas, "chart")) watcher.observe(canvas);
}
