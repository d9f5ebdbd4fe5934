// Draws the charts: ECharts with its SVG renderer, in the page's colours, type, direction and number format.
import { BarChart, FunnelChart, LineChart, PieChart, SankeyChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent, DatasetComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { isRightToLeft, locale } from "./page.js";

use([
  BarChart, FunnelChart, LineChart, PieChart, SankeyChart, ScatterChart, AriaComponent, DatasetComponent, GridComponent,
  LegendComponent, MarkLineComponent, TooltipComponent, SVGRenderer,
]);

const drawn = new Map();

export function draw(canvas) {
  const chart = init(canvas, null, { renderer: "svg" });
  drawn.set(canvas, chart);
  paint(canvas, chart);
  new ResizeObserver(() => {
    if (canvas.isConnected) return chart.resize();
    // Swapped out of the page: let it go.
    drawn.delete(canvas);
    chart.dispose();
  }).observe(canvas);
}

document.addEventListener("tmpa:theme", () => drawn.forEach((chart, canvas) => paint(canvas, chart)));
document.fonts?.ready.then(() => drawn.forEach((chart) => chart.resize()));

function paint(canvas, chart) {
  const look = readLook(canvas);
  const option = JSON.parse(canvas.dataset.chart);
  chart.setOption(dress(option, look), { notMerge: true });
}

/** The page's colours as the browser computes them now (light-dark() is resolved only on a real property). */
function readLook(canvas) {
  const probe = canvas.parentElement.appendChild(document.createElement("span"));
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const look = {
    text: color("text"), muted: color("muted"), line: color("line"), surface: color("surface"),
    series: [1, 2, 3, 4, 5].map((place) => color(`series-${place}`)),
    font: getComputedStyle(canvas).fontFamily,
  };
  probe.remove();
  return look;
}

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** A label without marks of direction: in a drawing they tear dates apart. */
const plain = (label) => (typeof label === "string" ? label.replace(/[\u200e\u200f\u061c]/g, "") : label);

function dress(option, look) {
  const numbers = new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 });
  const short = new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 });
  const rightToLeft = isRightToLeft();
  const label = { color: look.muted, fontFamily: look.font, fontSize: 14 };
  const hasAxes = Boolean(option.xAxis || option.yAxis);
  const series = list(option.series);
  const isLying = list(option.yAxis).some((axis) => axis.type === "category");

  const axis = (given, isVertical) => {
    const isCategory = given.type === "category" || given.type === "time";
    return {
      axisLine: { show: isCategory && !isVertical, lineStyle: { color: look.line } },
      axisTick: { show: false },
      splitLine: { show: !isCategory, lineStyle: { color: look.line } },
      splitNumber: 4,
      ...(rightToLeft ? (isVertical ? { position: "right" } : { inverse: true }) : {}),
      ...(isVertical && isCategory ? { inverse: true } : {}),
      ...given,
      ...(given.data ? { data: given.data.map(plain) } : {}),
      axisLabel: {
        ...label, hideOverlap: true,
        ...(isCategory ? {} : { formatter: (value) => short.format(value) }),
        ...given.axisLabel,
      },
      nameTextStyle: label,
    };
  };

  return {
    animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 300,
    color: look.series,
    textStyle: { fontFamily: look.font, color: look.text, fontSize: 14 },
    aria: { enabled: true, label: { enabled: false } },
    ...option,
    ...(hasAxes
      ? {
          grid: { left: 4, right: 4, top: series.length > 1 ? 44 : 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel", ...option.grid },
          xAxis: list(option.xAxis ?? {}).map((given) => axis(given, false)),
          yAxis: list(option.yAxis ?? {}).map((given) => axis(given, true)),
        }
      : {}),
    legend:
      option.legend ?? (series.length > 1
        ? { top: 0, [rightToLeft ? "right" : "left"]: 0, icon: "roundRect", itemWidth: 12, itemHeight: 12, itemGap: 20, textStyle: { ...label, color: look.text } }
        : undefined),
    // Rich text is drawn, not written as HTML: no inline style for the page's policy to refuse, nothing to escape.
    tooltip: {
      trigger: hasAxes ? "axis" : "item", renderMode: "richText", confine: true,
      backgroundColor: look.surface, borderColor: look.line, borderWidth: 1, padding: [8, 12],
      textStyle: { color: look.text, fontFamily: look.font, fontSize: 14 },
      axisPointer: { type: hasAxes && series.some((each) => each.type === "bar") ? "none" : "line", lineStyle: { color: look.muted } },
      valueFormatter: (value) => (typeof value === "number" ? numbers.format(value) : String(value ?? "")),
      ...option.tooltip,
    },
    series: series.map((each) => dressSeries(each, look, isLying)),
  };
}

function dressSeries(series, look, isLying) {
  if (series.type === "bar") {
    const radius = series.stack ? 0 : isLying ? [0, 3, 3, 0] : [3, 3, 0, 0];
    return { barMaxWidth: 28, itemStyle: { borderRadius: radius }, ...series };
  }
  if (series.type === "line") {
    return { showSymbol: false, symbolSize: 7, lineStyle: { width: 2 }, emphasis: { disabled: true }, ...series };
  }
  return {
    label: { color: look.text, fontFamily: look.font },
    itemStyle: { borderColor: look.surface, borderWidth: 1 },
    ...series,
  };
}
