// Charts: fetches them with the key if needed, for the theme and width; the old chart stays until the new one arrives.
import { headers } from "./key.js";

const PATIENCE = 20000;
const narrow = matchMedia("(max-width: 620px)"), middle = matchMedia("(max-width: 1000px)"), dark = matchMedia("(prefers-color-scheme: dark)");

export function theme() {
  return document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
}

function wanted(image) {
  return image.dataset[theme() + (narrow.matches ? "Narrow" : middle.matches ? "Middle" : "Wide")];
}

function say(image, text, again) {
  const note = image.closest(".frame").querySelector("[data-stale]");
  note.hidden = !text;
  note.replaceChildren(text || "");
  if (!text || !again) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Try again";
  button.addEventListener("click", again);
  note.append(" ", button);
}

/** The answer; a 503 with a short Retry-After is tried again, at most twice. */
async function patient(address, times = 2) {
  const answer = await fetch(address, { headers: headers(), signal: AbortSignal.timeout(PATIENCE) });
  const wait = Number(answer.headers.get("Retry-After"));
  if (answer.status !== 503 || !wait || wait > 5 || !times) return answer;
  await new Promise((resolve) => { setTimeout(resolve, wait * 1000); });
  return patient(address, times - 1);
}

async function draw(image) {
  const address = wanted(image);
  if (!address || image.dataset.drawing === address) return;
  if (image.dataset.shown === address) { delete image.dataset.pending; return; }
  image.dataset.drawing = address;
  image.classList.add("loading");
  const slow = setTimeout(() => say(image, "The chart is still being drawn."), 2500);
  try {
    const answer = await patient(address);
    if (!answer.ok) throw Object.assign(new Error(), { status: answer.status });
    const text = await answer.text();
    if (image.dataset.drawing !== address) return;
    const next = new Image();
    next.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
    await next.decode();
    // The <source> elements would override img.src.
    image.parentElement.querySelectorAll("source").forEach((source) => source.remove());
    image.src = next.src;
    image.dataset.shown = address;
    delete image.dataset.blank;
    delete image.dataset.pending;
    say(image, "");
  } catch (error) {
    if (image.dataset.drawing !== address) return;
    const before = image.dataset.shown ? "This is the previous chart. " : "";
    const why = error.status === 429 ? "There were too many requests; wait a moment." : error.status === 422 ? "This cannot be drawn." : "The service did not answer.";
    say(image, `${before}${why} The figures are in the table.`, () => draw(image));
  } finally {
    clearTimeout(slow);
    if (image.dataset.drawing === address) { image.classList.remove("loading"); delete image.dataset.drawing; }
  }
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { near.unobserve(entry.target); draw(entry.target); }
}, { rootMargin: "400px" });

/** Watch the charts in `part`, which are fetched when they come near the window. */
export function attend(part = document) {
  for (const image of part.querySelectorAll(".picture img")) {
    if (!image.dataset.attended) {
      image.dataset.attended = "yes";
      // The browser's own request failed: try again, and say so if that fails too.
      image.addEventListener("error", () => { if (!image.dataset.shown) draw(image); });
      if (image.complete && image.currentSrc && !image.naturalWidth && !image.dataset.blank) draw(image);
    }
    const plain = !Object.keys(headers()).length;
    const already = plain && image.parentElement.querySelector("source") === null && new URL(image.currentSrc || image.src, location).href === new URL(wanted(image), location).href;
    if (already) { image.dataset.shown = wanted(image); delete image.dataset.pending; continue; }
    // Without a key or a chosen theme, the browser chooses the right source itself.
    if (plain && !document.documentElement.dataset.theme && !image.dataset.shown && !image.dataset.carried) continue;
    near.observe(image);
  }
}

const BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

/** Before `fresh` replaces `old`: each new chart shows the old one until it arrives. */
export function carry(old, fresh) {
  const chosen = Object.keys(headers()).length || document.documentElement.dataset.theme;
  for (const figure of fresh.querySelectorAll("[data-picture]")) {
    const before = old.querySelector(`[data-picture="${figure.dataset.picture}"] img`);
    const image = figure.querySelector("img");
    const carried = before?.complete && before.naturalWidth && !before.dataset.blank;
    if (!carried && !chosen) continue;
    // The browser would fetch it itself, without the key and in the system's theme.
    figure.querySelectorAll("source").forEach((source) => source.remove());
    image.removeAttribute("loading");
    image.dataset.carried = image.dataset.pending = "yes";
    if (carried) image.dataset.shown = before.dataset.shown || new URL(before.currentSrc, location).pathname + new URL(before.currentSrc, location).search;
    else image.dataset.blank = "yes";
    image.src = carried ? before.currentSrc || before.src : BLANK;
  }
}

export function recolour() { attend(); }

// Paper is light. A browser that prints fetches no picture instead of another, so the style sheet inverts dark ones.
addEventListener("beforeprint", () => {
  for (const image of document.querySelectorAll(".picture img")) {
    const shown = image.dataset.shown || image.currentSrc;
    if (!shown) image.parentElement.querySelectorAll("source").forEach((source) => source.remove()); // its own is light
    image.classList.toggle("to-invert", shown.includes("theme=dark"));
  }
});
narrow.addEventListener("change", recolour);
middle.addEventListener("change", recolour);
dark.addEventListener("change", recolour);
