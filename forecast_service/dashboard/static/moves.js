// Follows links and forms without a reload: fetches the server's HTML and replaces the parts that changed.
import { headers } from "./key.js";
import { attend, carry } from "./pictures.js";

const PATIENCE = 20000;
let running = null;

const status = () => document.querySelector("[data-status]");
const trouble = () => document.querySelector("[data-trouble]");

export function tell(text, lasting = false) {
  status().textContent = text;
  if (text && !lasting) setTimeout(() => { if (status().textContent === text) status().textContent = ""; }, 4000);
}

function troubled(text, again) {
  const box = trouble();
  box.hidden = !text;
  box.replaceChildren();
  if (!text) return;
  const line = document.createElement("p"), button = document.createElement("button");
  line.textContent = text;
  button.type = "button";
  button.textContent = "Try again";
  button.addEventListener("click", again);
  box.append(line, button);
}

/** The address of a GET form, without empty fields. */
export function addressOf(form, submitter) {
  const address = new URL(form.getAttribute("action"), location.href), several = {};
  for (const [name, value] of new FormData(form, submitter)) {
    if (value === "") continue;
    several[name] = name === "overlay" && several[name] ? `${several[name]},${value}` : value;
  }
  address.search = new URLSearchParams(several).toString();
  return address;
}

function replaceAll(fresh) {
  const main = document.querySelector("main"), next = fresh.querySelector("main");
  carry(main, next);
  main.replaceChildren(...next.childNodes);
}

function replaceParts(fresh) {
  const regions = [...document.querySelectorAll("main [data-region]")];
  const names = regions.map((region) => region.dataset.region).join();
  const nexts = [...fresh.querySelectorAll("main [data-region]")];
  if (!regions.length || names !== nexts.map((region) => region.dataset.region).join()) return false;
  regions.forEach((region, place) => {
    if (region.outerHTML === nexts[place].outerHTML) return;
    carry(region, nexts[place]);
    region.replaceWith(nexts[place]);
  });
  return true;
}

/** Notes the focused element; the returned function focuses its replacement. */
function place() {
  const active = document.activeElement, region = active?.closest("[data-region]")?.dataset.region;
  const same = (it) => {
    if (active.id) return it.id === active.id;
    if (active.dataset.slider) return it.dataset.slider === active.dataset.slider;
    if (active.name) return it.name === active.name && it.value === active.value;
    return it.textContent === active.textContent;
  };
  return () => {
    if (!active || active === document.body || active.isConnected) return;
    const near = document.querySelector(`[data-region="${region}"]`) ?? document;
    [...near.querySelectorAll(active.tagName)].find(same)?.focus({ preventScroll: true });
  };
}

/** Go to an address of this page; `how` changes the browser's history: push, replace or none. */
export async function go(address, how = "push", { keepScroll = false } = {}) {
  running?.abort();
  const mine = (running = new AbortController());
  const late = setTimeout(() => mine.abort("late"), PATIENCE);
  const slow = setTimeout(() => tell("Still working …", true), 700);
  document.querySelector("main").setAttribute("aria-busy", "true");
  let answer, text;
  try {
    answer = await fetch(address, { headers: { Accept: "text/html", ...headers() }, signal: mine.signal });
    if (!answer.headers.get("Content-Type")?.startsWith("text/html")) throw Object.assign(new Error(), { status: answer.status });
    text = await answer.text();
  } catch (error) {
    if (mine.signal.aborted && mine.signal.reason !== "late") return; // a newer call of go() has aborted this one
    tell("");
    const why = error.status === 429 ? "There were too many requests." : error.status ? `The service answered with an error (${error.status}).` : "The service did not answer.";
    troubled(`${why} The page still shows the previous answer.`, () => go(address, how, { keepScroll }));
    return;
  } finally {
    clearTimeout(late);
    clearTimeout(slow);
    if (running === mine) { running = null; document.querySelector("main").removeAttribute("aria-busy"); if (status().textContent === "Still working …") tell(""); }
  }
  const target = new URL(answer.url);
  target.hash = new URL(address, location.href).hash;
  show(new DOMParser().parseFromString(text, "text/html"), target, how, keepScroll);
}

function show(fresh, target, how, keepScroll) {
  const same = target.pathname === location.pathname;
  if (how === "push") history.pushState({}, "", target);
  if (how === "replace") history.replaceState({}, "", target);
  const back = place();
  const soft = same && replaceParts(fresh);
  if (!soft) replaceAll(fresh);
  document.title = fresh.title;
  document.querySelector(".nav").replaceWith(fresh.querySelector(".nav"));
  document.querySelector("footer").replaceWith(fresh.querySelector("footer"));
  troubled("");
  tell(soft ? (fresh.querySelector(".number")?.textContent ? `Now ${fresh.querySelector(".number").textContent}` : "Updated") : "");
  document.dispatchEvent(new Event("page:shown"));
  attend();
  if (soft) back();
  else { document.querySelector("main").focus({ preventScroll: true }); }
  if (!soft && !keepScroll) scrollTo(0, 0);
  if (!soft && target.hash) document.querySelector(target.hash)?.scrollIntoView();
}

function ours(link) {
  return link.origin === location.origin && !("leave" in link.dataset) && !link.hasAttribute("download") && !link.target && !link.classList.contains("skip");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || !ours(link)) return;
  const address = new URL(link.href);
  if (address.hash && address.pathname === location.pathname && address.search === location.search) return;
  event.preventDefault();
  go(address, "push", { keepScroll: "keepScroll" in link.dataset });
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "get" || form.hasAttribute("data-key-form") || form.hasAttribute("data-save-form")) return;
  event.preventDefault();
  go(addressOf(form, event.submitter));
});
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-auto]");
  if (form?.checkValidity()) go(addressOf(form));
});
addEventListener("popstate", () => go(location.href, "none"));
