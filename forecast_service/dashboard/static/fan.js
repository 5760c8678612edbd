// Reads a year off a fan chart: by pointer, by touch and by keys.
let year = null;

function rows(figure) {
  return [...figure.querySelectorAll(".fan-readings li")].map((it) => ({ year: Number(it.dataset.year), x: Number(it.dataset.x), y: Number(it.dataset.y), said: it.textContent }));
}

function read(figure, chosen) {
  const found = rows(figure), keys = figure.querySelector("[data-fan-keys]");
  const row = found.find((it) => it.year === chosen) ?? found.at(-1);
  figure.querySelector("[data-fan-said]").textContent = row.said;
  keys.setAttribute("aria-valuenow", row.year);
  keys.setAttribute("aria-valuetext", row.said);
  const line = figure.querySelector("[data-reader-line]"), point = figure.querySelector("[data-reader-point]");
  for (const name of ["x1", "x2"]) line.setAttribute(name, `${row.x}%`);
  point.setAttribute("cx", `${row.x}%`);
  point.setAttribute("cy", `${row.y}%`);
  for (const mark of [line, point]) mark.setAttribute("visibility", chosen === null ? "hidden" : "visible");
}

/** All charts of a page are read in the same year. */
function choose(chosen) {
  year = chosen;
  document.querySelectorAll("[data-fan-keys]").forEach((keys) => read(keys.closest("[data-fan]"), year));
}

function nearest(event) {
  const keys = event.target.closest?.("[data-fan-keys]");
  if (!keys) return null;
  const box = keys.getBoundingClientRect(), x = 100 * (event.clientX - box.left) / box.width;
  return rows(keys.closest("[data-fan]")).reduce((best, it) => (Math.abs(it.x - x) < Math.abs(best.x - x) ? it : best)).year;
}

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5, Home: -Infinity, End: Infinity };

document.addEventListener("keydown", (event) => {
  const keys = event.target.closest?.("[data-fan-keys]");
  if (!keys || !(event.key in STEPS)) return;
  event.preventDefault();
  const years = rows(keys.closest("[data-fan]")).map((it) => it.year);
  const place = years.indexOf(year ?? years.at(-1)) + STEPS[event.key];
  choose(years[Math.min(Math.max(place, 0), years.length - 1)]);
});
for (const kind of ["pointermove", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const found = nearest(event);
    if (found !== null && found !== year) choose(found);
  });
}
document.addEventListener("page:drawn", () => { if (document.querySelector("[data-fan-keys]")) choose(year); });

export function attendFans() {
  year = null;
  choose(null);
}
