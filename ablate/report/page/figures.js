"use strict";
// Figures: each is drawn when it comes into sight, and again when the theme changes.

const drawn = new Map();

function theme() {
  const style = getComputedStyle(document.documentElement);
  const [ink, line] = ["--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
  const text = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    background: null,
    font: "system-ui, sans-serif",
    axis: { ...text, gridColor: line, domainColor: line, tickColor: line },
    legend: text,
    view: { stroke: null },
  };
}

async function draw(figure) {
  const spec = JSON.parse(figure.querySelector("script.spec").textContent);
  const options = { actions: { export: true, source: false, compiled: false, editor: false }, renderer: "svg" };
  drawn.get(figure)?.finalize();
  const result = await vegaEmbed(figure.querySelector(".plot"), spec, { ...options, config: theme() });
  drawn.set(figure, result);
}

function watchFigures() {
  const figures = [...document.querySelectorAll("figure.chart")];
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && !drawn.has(target)) draw(target);
    }
  }, { rootMargin: "400px" });
  figures.forEach((figure) => seen.observe(figure));
  addEventListener("beforeprint", () => figures.filter((figure) => !drawn.has(figure)).forEach(draw));
}

function watchTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    [...drawn.keys()].forEach(draw);
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}
