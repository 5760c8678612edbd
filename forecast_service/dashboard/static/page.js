// The page works without this file; with it, links and forms need no reload.
import { headers, keep, key } from "./key.js";
import { go, tell } from "./moves.js";
import { attend, recolour } from "./pictures.js";
import { attendFans } from "./fan.js";
import { attendSliders } from "./live.js";
import "./gallery.js";
import "./saving.js";

const THEMES = ["", "light", "dark"], NAMES = { "": "Auto", light: "Light", dark: "Dark" };

function unhide() {
  document.querySelectorAll(".js[hidden]").forEach((element) => {
    if (!element.hasAttribute("data-forget") || key()) element.hidden = false;
  });
}

function shown() {
  unhide();
  attendFans();
  attendSliders();
}

function name() {
  document.querySelector("[data-theme-name]").textContent = NAMES[document.documentElement.dataset.theme ?? ""];
}

document.querySelector("[data-theme-toggle]").addEventListener("click", () => {
  const root = document.documentElement, next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "") + 1) % 3];
  if (next) root.dataset.theme = next; else delete root.dataset.theme;
  try { next ? localStorage.setItem("forecast-service-theme", next) : localStorage.removeItem("forecast-service-theme"); } catch { /* no storage: the choice holds for this page only */ }
  const here = new URL(location.href);
  if (here.searchParams.has("theme")) {
    next ? here.searchParams.set("theme", next) : here.searchParams.delete("theme");
    history.replaceState({}, "", here);
  }
  name();
  document.querySelectorAll(".picture img").forEach((image) => { image.dataset.carried = image.dataset.pending = "yes"; });
  recolour();
});

document.addEventListener("submit", async (event) => {
  if (!event.target.hasAttribute("data-key-form")) return;
  event.preventDefault();
  keep(document.getElementById("key").value.trim());
  await go(location.href, "replace");
  const locked = document.querySelector("[data-locked]");
  if (locked && document.getElementById("key")) { keep(""); tell(locked.dataset.locked === "403" ? "The key may not read forecasts." : "The service does not know the key.", true); document.getElementById("key").focus(); }
});
document.querySelector("[data-forget]")?.addEventListener("click", (event) => { keep(""); event.target.hidden = true; go(location.href, "replace"); });

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy-button]");
  if (button) {
    const text = button.closest("[data-copy]").querySelector("code").textContent;
    try { await navigator.clipboard.writeText(text); tell("Copied."); }
    catch {
      getSelection().selectAllChildren(button.closest("[data-copy]").querySelector("code"));
      tell("Selected: copy it with your keyboard.");
    }
  }
  const download = event.target.closest?.("a[data-download], a[download]");
  if (download && Object.keys(headers()).length) {
    // A link cannot send the key.
    event.preventDefault();
    const answer = await fetch(download.href, { headers: headers() });
    if (!answer.ok) { tell(`The download was refused (${answer.status}).`); return; }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
});

document.addEventListener("page:shown", shown);
for (const kind of ["page:drawn", "page:renewed"]) document.addEventListener(kind, unhide);
shown();
name();
attend();
// This tab has a key, but the browser loaded the page without it.
if (document.querySelector("[data-locked]") && key()) go(location.href, "replace");
