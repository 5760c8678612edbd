// The caller's key. This tab alone holds it; it is sent only to this origin and never in an address.
const NAME = "forecast-service-key";
let held = null;

export function key() {
  try { return held ?? sessionStorage.getItem(NAME); } catch { return held; }
}

export function keep(text) {
  held = text;
  try { text ? sessionStorage.setItem(NAME, text) : sessionStorage.removeItem(NAME); } catch { /* without storage, only this page holds it */ }
}

/** Headers with the key; none if there is no key or the service needs none. */
export function headers() {
  const shown = key(), kind = document.documentElement.dataset.credential;
  if (!shown || !kind) return {};
  return kind === "token" ? { Authorization: `Bearer ${shown}` } : { "X-API-Key": shown };
}
