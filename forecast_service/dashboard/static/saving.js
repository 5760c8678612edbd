// Saves and forks scenarios.
import { headers } from "./key.js";
import { go } from "./moves.js";

document.addEventListener("click", (event) => {
  const fork = event.target.closest?.("[data-fork]");
  if (fork) save(fork.dataset.fork, {}, "The copy is yours now.");
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-save-form")) return;
  event.preventDefault();
  const scenario = JSON.parse(form.dataset.scenario);
  scenario.name = form.querySelector("#save-name").value.trim();
  scenario.public = form.querySelector("#save-public").checked;
  save(form.dataset.address, scenario, `Saved as “${scenario.name}”.`);
});

const MESSAGES = {
  401: "The service does not know who you are. Reload the page and give your key.",
  403: "Your key may read but not save. Ask who runs this service for the scope “write”.",
  404: "The scenario was deleted, or you may not read it.",
  429: "There were too many requests. Wait a moment and try again.",
  503: "The database of scenarios is unavailable. Try again in a few seconds; forecasts work without it.",
  "key-of-deleted": "It had been saved, but was deleted since. Try again to save it anew.",
};

// The last request, until it has an answer: sent again, it has the same key, so that nothing is saved twice.
let pending = {};

async function save(address, body, done) {
  const message = document.querySelector("[data-save-told]");
  message.textContent = "Saving …";
  const sent = JSON.stringify(body);
  if (pending.address !== address || pending.sent !== sent) pending = { address, sent, key: crypto.randomUUID?.() ?? String(Math.random()).slice(2) };
  let answer, found;
  try {
    const header = { "Content-Type": "application/json", "Idempotency-Key": pending.key, ...headers() };
    answer = await fetch(address, { method: "POST", headers: header, body: sent, signal: AbortSignal.timeout(20000) });
    found = await answer.json();
  } catch {
    message.textContent = "The service did not answer, so it is unclear whether the scenario was saved. Try again.";
    return;
  }
  if (answer.status < 500) pending = {};
  if (!answer.ok) {
    const why = (found.errors ?? []).map((error) => `${error.pointer ?? error.parameter ?? ""} ${error.detail}`).join("; ");
    message.textContent = MESSAGES[found.type?.split(":").pop()] ?? MESSAGES[answer.status] ?? `It was not saved: ${why || found.detail}`;
    return;
  }
  const here = new URL(location.href);
  const keepable = ["deadline", "core", "related", "rule", "component", "theme", "origin", "vintage", "overlay", "ghost", "wanted"];
  const query = new URLSearchParams([...here.searchParams].filter(([name]) => keepable.includes(name)));
  query.set("scenario", found.id);
  await go(`${here.pathname}?${query}`);
  const after = document.querySelector("[data-save-told]");
  if (after) after.textContent = `${done} Its id is ${found.id}.`;
}
