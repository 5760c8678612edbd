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

/** Says a number to who hears the page; who sees it sees it already. */
export function announce(text) {
  document.querySelector("[data-said]").textContent = text;
}

/** Says what went wrong: above the page, or right before `place`. */
export function troubled(text, again, place) {
  const box = trouble();
  box.hidden = !text;
  box.replaceChildren();
  (text && place ? place : document.querySelector("main")).before(box);
  if (!text) return;
  const line = document.createElement("p"), button = document.createElement("button");
  line.textContent = text;
  button.type = "button";
  button.textContent = "Try again";
  button.addEventListener("click", () => { troubled(""); again(); });
  box.append(line, button);
}

/** The address of a GET form, without fields that are empty or say what is usual. */
export function addressOf(form, submitter) {
  const address = new URL(form.getAttribute("action"), location.href), several = {};
  for (const [name, value] of new FormData(form, submitter)) {
    if (value === "" || value === form.elements[name]?.dataset?.usual) continue;
    several[name] = name in several ? `${several[name]},${value}` : value;
  }
  address.search = new URLSearchParams(several).toString();
  return address;
}

function replaceAll(fresh) {
  const main = document.querySelector("main"), next = fresh.querySelector("main");
  carry(main, next);
  main.replaceChildren(...next.childNodes);
}

const named = (regions) => new Map([...regions].map((region) => [region.dataset.region, region]));

/** Replace the regions that differ and that `which` takes. The reader's place and focus stay. */
export function replaceRegions(fresh, which = () => true) {
  const back = place(), nexts = named(fresh.querySelectorAll("[data-region]"));
  for (const [name, region] of named(document.querySelectorAll("[data-region]"))) {
    const next = nexts.get(name);
    if (!next || !which(region) || region.outerHTML === next.outerHTML) continue;
    carry(region, next);
    region.replaceWith(next);
  }
  back();
}

/** Whether both pages have the same parts, so that single ones can be replaced. */
function alike(fresh) {
  const [here, there] = [document, fresh].map((page) => [...page.querySelectorAll("main [data-region]")].map((region) => region.dataset.region).join());
  return here !== "" && here === there;
}

/** Notes the focused element; the returned function focuses its replacement. */
function place() {
  const active = document.activeElement, region = active?.closest("[data-region]")?.dataset.region;
  const same = (it) => {
    if (active.id) return it.id === active.id;
    if (active.name) return it.name === active.name && it.value === active.value;
    return it.textContent === active.textContent;
  };
  return () => {
    if (!active || active === document.body || active.isConnected) return;
    const near = document.querySelector(`[data-region="${region}"]`) ?? document;
    ([...near.querySelectorAll(active.tagName)].find(same) ?? document.querySelector("main")).focus({ preventScroll: true });
  };
}

/** Go to an address of this page.
 *
 * `how` changes the browser's history: push, replace or none. `except` names regions that stay; `quiet` says nothing.
 */
export async function go(address, how = "push", { keepScroll = false, except = [], quiet = false } = {}) {
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
    troubled(`${why} The page still shows the previous answer.`, () => go(address, how, { keepScroll, except, quiet }));
    return;
  } finally {
    clearTimeout(late);
    clearTimeout(slow);
    if (running === mine) { running = null; document.querySelector("main").removeAttribute("aria-busy"); if (status().textContent === "Still working …") tell(""); }
  }
  const target = new URL(answer.url);
  target.hash = new URL(address, location.href).hash;
  show(new DOMParser().parseFromString(text, "text/html"), target, how, { keepScroll, except, quiet });
}

function show(fresh, target, how, { keepScroll, except, quiet }) {
  const same = target.pathname === location.pathname, soft = same && alike(fresh);
  if (how === "push") history.pushState({}, "", target);
  if (how === "replace") history.replaceState({}, "", target);
  troubled("");
  if (soft) replaceRegions(fresh, (region) => !except.includes(region.dataset.region));
  else {
    replaceAll(fresh);
    document.querySelector("footer").replaceWith(fresh.querySelector("footer"));
  }
  document.title = fresh.title;
  document.querySelector(".nav").replaceWith(fresh.querySelector(".nav"));
  if (!quiet) announce(document.querySelector("[data-announce]")?.dataset.announce ?? (soft ? "Updated" : ""));
  document.dispatchEvent(new Event(quiet ? "page:renewed" : "page:shown"));
  attend();
  if (soft) return;
  document.querySelector("main").focus({ preventScroll: true });
  if (!keepScroll) scrollTo(0, 0);
  if (target.hash) document.querySelector(target.hash)?.scrollIntoView();
}

function ours(link, address) {
  return address.origin === location.origin && !("leave" in link.dataset) && !link.hasAttribute("download") && !link.hasAttribute("target") && !link.classList.contains("skip");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const address = new URL(link.getAttribute("href"), document.baseURI); // link.href is no text for a link of the map
  if (!ours(link, address) || (address.hash && address.pathname === location.pathname && address.search === location.search)) return;
  event.preventDefault();
  go(address, "push", { keepScroll: "keepScroll" in link.dataset });
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "get" || form.hasAttribute("data-key-form") || form.hasAttribute("data-save-form")) return;
  event.preventDefault();
  go(addressOf(form, event.submitter), "push", { keepScroll: "keepScroll" in form.dataset });
});

// A closed list changes with each arrow key, so a choice by keys counts when the list is left, or with Enter.
let keyed = null;
const sendAuto = (field) => {
  const form = field.closest("form[data-auto]");
  if (form?.checkValidity()) go(addressOf(form), "push", { keepScroll: "keepScroll" in form.dataset });
};
document.addEventListener("keydown", (event) => {
  if (event.target.matches?.("form[data-auto] select")) keyed = event.target;
});
document.addEventListener("pointerdown", () => { keyed = null; });
document.addEventListener("change", (event) => {
  if (!event.target.closest?.("form[data-auto]")) return;
  if (event.target === keyed) keyed.dataset.waits = "yes";
  else sendAuto(event.target);
});
document.addEventListener("focusout", (event) => {
  if (!event.target.dataset?.waits) return;
  delete event.target.dataset.waits;
  sendAuto(event.target);
});
addEventListener("popstate", () => go(location.href, "none"));
