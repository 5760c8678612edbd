// An ally's sliders: number, chart and waterfall follow while they move; the rest of the page follows when they rest.
import { headers } from "./key.js";
import { addressOf, announce, go, replaceRegions, tell, troubled } from "./moves.js";

const PATIENCE = 20000, REST = 350, LATE = 400;
let wanted = null, running = null, rest = null, away = false;

const form = () => document.querySelector("[data-live-form]");
const page = () => addressOf(form());

/** The answer's parts are for an older position of a slider. */
function behind(yes) {
  document.querySelectorAll("main section[data-region]:not([data-live])").forEach((region) => {
    region.classList.toggle("behind", yes);
    yes ? region.setAttribute("aria-busy", "true") : region.removeAttribute("aria-busy");
  });
}

/** Ask for the present position. One request runs at a time; of those that wait, the last counts. */
function follow() {
  const address = page();
  wanted = new URL(form().dataset.liveForm, location.href);
  wanted.search = address.search;
  behind(true);
  clearTimeout(rest);
  if (running && performance.now() - running.since > LATE) running.abort.abort();
  if (!running) ask();
}

async function ask() {
  const address = wanted, abort = new AbortController(), late = setTimeout(() => abort.abort("late"), PATIENCE);
  wanted = null;
  running = { abort, since: performance.now() };
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html", ...headers() }, signal: abort.signal });
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) throw Object.assign(new Error(), { status: answer.status });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.querySelector("[data-locked]")) go(page(), "replace"); // the key holds no more: ask for another
    else if (!fresh.querySelector("[data-region=headline]")) throw Object.assign(new Error(), { said: (fresh.querySelector("main .lead ~ ul") ?? fresh.querySelector("main .lead"))?.textContent.trim() });
    else if (form()) show(fresh);
  } catch (error) {
    if (!wanted && (!abort.signal.aborted || abort.signal.reason === "late")) {
      const why = error.said ? error.said : error.status === 429 ? "There were too many requests; wait a moment." : error.status ? `The service answered with an error (${error.status}).` : "The service did not answer.";
      troubled(`${why} The number and the chart are those of the assumptions before.`, follow, document.querySelector("[data-region=headline]"));
      document.querySelectorAll("[data-live]").forEach((region) => region.classList.add("behind"));
      away = true;
    }
  } finally {
    clearTimeout(late);
    running = null;
    if (wanted) ask();
    else if (!away) rest = setTimeout(settle, REST);
    away = false;
  }
}

function show(fresh) {
  troubled("");
  replaceRegions(fresh, (region) => "live" in region.dataset);
  faults();
  document.dispatchEvent(new Event("page:drawn"));
}

/** Errors stand at their fields, from the list in the headline. */
function faults() {
  const told = new Map([...document.querySelectorAll("[data-region=headline] [data-fault]")].map((it) => [it.dataset.fault, it.querySelector("span").textContent]));
  document.querySelectorAll("[data-live-form] .fault").forEach((fault) => {
    const name = fault.id.slice("fault-".length), field = document.getElementById(`lever-${name}`), why = told.get(name) ?? "";
    fault.textContent = why;
    fault.hidden = !why;
    why ? field?.setAttribute("aria-invalid", "true") : field?.removeAttribute("aria-invalid");
  });
}

/** The sliders rest: say the number, put the address into the history, and renew the rest of the page. */
async function settle() {
  if (wanted || running || !form()) return;
  announce(document.querySelector("[data-announce]")?.dataset.announce ?? "");
  const shown = page();
  history.replaceState({}, "", shown);
  await go(shown, "none", { except: ["what-if", "choose"], quiet: true });
  faults();
  if (!wanted && !running) behind(false);
}

function mark(field) {
  const lever = field.closest("[data-lever]");
  if (!lever) return;
  const own = document.getElementById(`lever-${lever.dataset.lever}`), set = own.value !== "";
  lever.classList.toggle("is-set", set);
  const clear = lever.querySelector("[data-clear]"), slider = lever.querySelector("[data-slider]");
  if (clear) clear.disabled = !set;
  if (slider) {
    slider.value = set ? own.value : slider.dataset.neutral;
    slider.setAttribute("aria-valuetext", set ? `${own.value} ${lever.querySelector(".unit").textContent}` : "not set");
  }
}

function bounded(boxes) {
  const full = boxes.filter((box) => box.checked).length >= 3;
  boxes.forEach((box) => { box.disabled = full && !box.checked; });
}

document.addEventListener("input", (event) => {
  const field = event.target, shape = field.closest?.("[data-live-form]");
  if (!shape) return;
  if (field.dataset.slider) document.getElementById(field.dataset.slider).value = field.value;
  mark(field);
  if (field.name === "overlay") bounded([...shape.querySelectorAll("input[name=overlay]")]);
  // While a year is typed, "20" is no deadline yet.
  if (field.type === "number" && !field.checkValidity()) return;
  follow();
});
document.addEventListener("change", (event) => {
  if (event.target.type === "number" && event.target.closest?.("[data-live-form]") && !event.target.checkValidity()) follow();
});
document.addEventListener("submit", (event) => {
  if (!event.target.hasAttribute("data-live-form")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  follow();
}, true);
document.addEventListener("click", (event) => {
  const clear = event.target.closest?.("[data-clear]");
  if (!clear) return;
  const input = document.getElementById(clear.dataset.clear);
  input.value = "";
  input.focus();
  mark(input);
  follow();
  tell("Cleared.");
});

/** The bar is there while neither number nor chart is in the window. */
function placeBar() {
  const bar = document.querySelector(".live-bar");
  if (!bar) return;
  const seen = [...document.querySelectorAll(".ally .number, .ally .chart .fan-plot")].some((it) => {
    const box = it.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight - 60;
  });
  bar.classList.toggle("away", seen);
}
addEventListener("scroll", placeBar, { passive: true });
addEventListener("resize", placeBar);
for (const kind of ["page:drawn", "page:renewed"]) document.addEventListener(kind, placeBar);

export function attendSliders() {
  placeBar();
  document.querySelectorAll("[data-live-form] [data-lever]").forEach((lever) => mark(lever.querySelector("input, select")));
}
