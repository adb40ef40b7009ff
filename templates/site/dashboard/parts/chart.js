// A chart as an element: <line-chart .spec=${...}>. It uses the colors of the page and updates without flicker.
import { rate } from "../format.js";

let loading;
const library = () => (loading ??= import("../lib/chart.js/dist/chart.umd.min.js").then(() => globalThis.Chart));
const dark = matchMedia("(prefers-color-scheme: dark)");
const forced = matchMedia("(forced-colors: active)");
const paper = matchMedia("print");

class LineChart extends HTMLElement {
  #chart = null;
  #spec = null;
  #drawn = "";
  #recolour = () => this.#draw({ isAnew: true });

  set spec(spec) {
    this.#spec = spec;
    this.#draw();
  }

  connectedCallback() {
    for (const media of [dark, forced, paper]) media.addEventListener("change", this.#recolour);
    this.#draw({ isAnew: true });
  }

  disconnectedCallback() {
    for (const media of [dark, forced, paper]) media.removeEventListener("change", this.#recolour);
    this.#chart?.destroy();
    this.#chart = null;
  }

  async #draw({ isAnew = false } = {}) {
    const asked = JSON.stringify(this.#spec);
    if (!this.#spec || (asked === this.#drawn && !isAnew)) return;
    this.#drawn = asked;
    const Chart = await library().catch(() => null);
    // Without the library, the table below still has all numbers.
    if (!Chart || !this.isConnected || asked !== this.#drawn) return;
    const { data, options } = configuration(this.#spec, colours(this));
    if (this.#chart) {
      Object.assign(this.#chart, { data, options });
      this.#chart.update("none");
    } else {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("aria-hidden", "true");
      this.replaceChildren(canvas);
      this.#chart = new Chart(canvas, { type: "line", data, options, plugins: [named] });
    }
  }
}

function colours(element) {
  const style = getComputedStyle(element);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const [ink, soft, line, card] = ["ink", "soft", "line", "card"].map(colour);
  return { ink, soft, line, card, of: colour, font: style.fontFamily };
}

function configuration({ labels, titles, series, limits = [], isShare }, colour) {
  const text = isShare ? rate : (value) => value.toLocaleString("en-US");
  const font = { family: colour.font, size: 12 };
  return {
    data: { labels, datasets: [...series.map((one) => line(one, colour)), ...limits.map((one) => limit(one, labels, colour))] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 8, right: 4 } },
      scales: {
        x: {
          border: { color: colour.line },
          grid: { display: false },
          ticks: { color: colour.soft, font, maxRotation: 0, autoSkipPadding: 24 },
        },
        y: {
          beginAtZero: true,
          border: { display: false },
          grid: { color: colour.line },
          ticks: { color: colour.soft, font, precision: isShare ? undefined : 0, maxTicksLimit: 6, callback: text },
          suggestedMax: limits.length ? Math.max(...limits.map(({ at }) => at)) * 1.12 : undefined,
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          backgroundColor: colour.ink,
          titleColor: colour.card,
          bodyColor: colour.card,
          titleFont: font,
          bodyFont: font,
          padding: 10,
          cornerRadius: 6,
          boxPadding: 4,
          usePointStyle: true,
          filter: ({ dataset }) => !dataset.isLimit,
          callbacks: {
            title: ([first]) => titles?.[first?.dataIndex] ?? first?.label,
            label: ({ dataset, raw }) => ` ${dataset.label}: ${raw == null ? "–" : text(raw)}`,
          },
        },
      },
    },
  };
}

function line({ label, values, colour: name, dash }, colour) {
  const stroke = colour.of(name);
  return {
    label,
    data: values,
    borderColor: stroke,
    backgroundColor: stroke,
    borderWidth: 2,
    borderDash: dash ?? [],
    pointRadius: values.length > 45 ? 0 : 2.5,
    pointHoverRadius: 5,
    tension: 0.25,
    cubicInterpolationMode: "monotone",
    spanGaps: true,
    clip: 6,
  };
}

function limit({ label, at, colour: name, isBelow }, labels, colour) {
  const stroke = colour.of(name);
  const look = { borderColor: stroke, borderWidth: 1.5, borderDash: [6, 4], pointRadius: 0, pointHoverRadius: 0 };
  return { label, isLimit: true, isBelow, data: labels.map(() => at), ...look };
}

/** Writes the name of each limit beside its line. */
const named = {
  id: "named",
  afterDatasetsDraw({ ctx, data, scales, chartArea }) {
    ctx.save();
    ctx.font = `600 11px ${getComputedStyle(ctx.canvas).fontFamily}`;
    ctx.textAlign = "right";
    for (const one of data.datasets.filter(({ isLimit }) => isLimit)) {
      ctx.fillStyle = one.borderColor;
      ctx.textBaseline = one.isBelow ? "top" : "bottom";
      ctx.fillText(one.label, chartArea.right - 2, scales.y.getPixelForValue(one.data[0]) + (one.isBelow ? 4 : -3));
    }
    ctx.restore();
  },
};

customElements.define("line-chart", LineChart);
