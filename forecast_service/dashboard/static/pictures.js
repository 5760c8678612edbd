// Pictures: fetched with the key where one is needed, kept as stale while the next is not there, in the right colours.
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

/** The answer; one that says when to ask again is asked again, twice. */
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
  const slow = setTimeout(() => say(image, "The picture is still being drawn."), 2500);
  try {
    const answer = await patient(address);
    if (!answer.ok) throw Object.assign(new Error(), { status: answer.status });
    const text = await answer.text();
    if (image.dataset.drawing !== address) return;
    const next = new Image();
    next.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
    await next.decode();
    // What stands in <picture> would go on deciding otherwise.
    image.parentElement.querySelectorAll("source").forEach((source) => source.remove());
    image.src = next.src;
    image.dataset.shown = address;
    delete image.dataset.blank;
    delete image.dataset.pending;
    say(image, "");
  } catch (error) {
    if (image.dataset.drawing !== address) return;
    const before = image.dataset.shown ? "This picture is of what was asked before. " : "";
    const why = error.status === 429 ? "Too much was asked at once; wait a moment." : error.status === 422 ? "This cannot be drawn." : "The service did not answer with the new one.";
    say(image, `${before}${why} The figures are in the table.`, () => draw(image));
  } finally {
    clearTimeout(slow);
    if (image.dataset.drawing === address) { image.classList.remove("loading"); delete image.dataset.drawing; }
  }
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { near.unobserve(entry.target); draw(entry.target); }
}, { rootMargin: "400px" });

/** Watch the pictures in `part`: what is not near the window is not asked for yet. */
export function attend(part = document) {
  for (const image of part.querySelectorAll(".picture img")) {
    if (!image.dataset.attended) {
      image.dataset.attended = "yes";
      // What the browser asked for by itself failed: ask once more, and say so if that fails too.
      image.addEventListener("error", () => { if (!image.dataset.shown) draw(image); });
      if (image.complete && image.currentSrc && !image.naturalWidth && !image.dataset.blank) draw(image);
    }
    const plain = !Object.keys(headers()).length;
    const already = plain && image.parentElement.querySelector("source") === null && new URL(image.currentSrc || image.src, location).href === new URL(wanted(image), location).href;
    if (already) { image.dataset.shown = wanted(image); delete image.dataset.pending; continue; }
    // Without a key, the browser's own choice among the sources is right as long as nobody chose colours here.
    if (plain && !document.documentElement.dataset.theme && !image.dataset.shown && !image.dataset.carried) continue;
    near.observe(image);
  }
}

const BLANK = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

/** Before `fresh` replaces `old`: each new picture shows the old one until it is there itself. */
export function carry(old, fresh) {
  const chosen = Object.keys(headers()).length || document.documentElement.dataset.theme;
  for (const figure of fresh.querySelectorAll("[data-picture]")) {
    const before = old.querySelector(`[data-picture="${figure.dataset.picture}"] img`);
    const image = figure.querySelector("img");
    const carried = before?.complete && before.naturalWidth && !before.dataset.blank;
    if (!carried && !chosen) continue;
    // The browser would ask for it by itself: without the key, and in the system's colours.
    figure.querySelectorAll("source").forEach((source) => source.remove());
    image.removeAttribute("loading");
    image.dataset.carried = image.dataset.pending = "yes";
    if (carried) image.dataset.shown = before.dataset.shown || new URL(before.currentSrc, location).pathname + new URL(before.currentSrc, location).search;
    else image.dataset.blank = "yes";
    image.src = carried ? before.currentSrc || before.src : BLANK;
  }
}

export function recolour() { attend(); }
narrow.addEventListener("change", recolour);
middle.addEventListener("change", recolour);
dark.addEventListener("change", recolour);
