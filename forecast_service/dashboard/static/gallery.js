// The gallery of scenarios: renaming and deleting one's own, and the ally that the reader looked at last.
import { headers } from "./key.js";
import { go, tell } from "./moves.js";

const LAST = "forecast-service-ally", PATIENCE = 20000;

const MESSAGES = {
  401: "The service does not know who you are. Reload the page and give your key.",
  403: "Your key may read but not change. Ask who runs this service for the scope “write”.",
  404: "The scenario is gone already. Reload the page.",
  412: "It was changed in the meantime. Reload the page to see the newest version.",
  429: "There were too many requests. Wait a moment and try again.",
  503: "The database of scenarios is unavailable. Try again in a few seconds.",
};
/** What a new version takes of the one that it replaces. */
const KEPT = ["description", "levers", "pledge_effect", "components", "countries", "public", "based_on", "model_version", "vintage"];

class Refused extends Error {}

async function send(address, more = {}) {
  let answer;
  try {
    answer = await fetch(address, { ...more, headers: { ...more.headers, ...headers() }, signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Refused("The service did not answer, so it is unclear whether anything changed. Reload the page.");
  }
  const found = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return { found, tag: answer.headers.get("ETag") };
  const why = (found.errors ?? []).map((error) => error.detail).join("; ");
  throw new Refused(MESSAGES[answer.status] ?? `That was refused: ${why || found.detail || answer.status}`);
}

/** The scenario of a card and its tag, if it is the version that the card shows. */
async function current(card) {
  const { found, tag } = await send(card.dataset.address);
  if (String(found.version) !== card.dataset.version) throw new Refused(MESSAGES[412]);
  return { found, tag };
}

const told = () => document.querySelector("[data-gallery-told]");

/** Do `change`, show the list anew, say what happened, and focus what `next` finds. */
async function changed(change, said, next) {
  told().textContent = "One moment …";
  try {
    await change();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    told().textContent = error.message;
    return;
  }
  await go(location.href, "replace", { keepScroll: true });
  told().textContent = said;
  tell("");
  (next() ?? document.getElementById("h-mine")).focus();
}

const cardOf = (id) => document.querySelector(`[data-scenario="${id}"]`);

function renaming(card, open) {
  const form = card.querySelector("[data-rename-form]"), button = card.querySelector("[data-rename]");
  form.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
  if (open) form.querySelector("input").select();
  else button.focus();
}

document.addEventListener("click", (event) => {
  const card = event.target.closest?.("[data-scenario]");
  if (!card) return;
  const form = card.querySelector("[data-rename-form]");
  if (event.target.closest("[data-rename]")) renaming(card, form.hidden);
  if (event.target.closest("[data-cancel]")) renaming(card, false);
  if (event.target.closest("[data-delete]")) ask(card);
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-rename-form]");
  if (form && event.key === "Escape") renaming(form.closest("[data-scenario]"), false);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-rename-form")) return;
  event.preventDefault();
  const card = form.closest("[data-scenario]"), id = card.dataset.scenario, name = form.querySelector("input").value.trim();
  changed(async () => {
    const { found, tag } = await current(card);
    const body = { name };
    for (const field of KEPT) if (found[field] !== null && found[field] !== undefined) body[field] = found[field];
    await send(card.dataset.address, { method: "PUT", headers: { "Content-Type": "application/json", "If-Match": tag }, body: JSON.stringify(body) });
  }, `Renamed to “${name}”.`, () => cardOf(id)?.querySelector("[data-rename]"));
});

function ask(card) {
  const dialog = document.querySelector("[data-confirm]"), name = card.querySelector("h3").textContent;
  dialog.querySelector("[data-confirm-title]").textContent = `Delete “${name}”?`;
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    const beside = (card.nextElementSibling ?? card.previousElementSibling)?.dataset.scenario;
    changed(async () => {
      const { tag } = await current(card);
      await send(card.dataset.address, { method: "DELETE", headers: { "If-Match": tag } });
    }, `Deleted “${name}”.`, () => cardOf(beside)?.querySelector("[data-delete]"));
  }, { once: true });
  dialog.showModal();
}

/** Remember the ally whose page is shown; the gallery opens scenarios for it. */
function remember() {
  try {
    const code = location.pathname.match(/\/countries\/([A-Z]{3})$/)?.[1];
    if (code) sessionStorage.setItem(LAST, code);
    const last = sessionStorage.getItem(LAST), here = new URL(location.href);
    if (!last || !document.querySelector("[data-gallery-form]") || here.searchParams.has("country")) return;
    here.searchParams.set("country", last);
    go(here, "replace", { keepScroll: true });
  } catch { /* without storage, the reader chooses the ally */ }
}
document.addEventListener("page:shown", remember);
remember();
