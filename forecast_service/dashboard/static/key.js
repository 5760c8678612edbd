// The caller's key: kept in this tab only, sent to this origin only, never in an address.
const NAME = "forecast-service-key";
let kept = null;

export function key() {
  try { return kept ?? sessionStorage.getItem(NAME); } catch { return kept; }
}

export function keep(text) {
  kept = text;
  try { text ? sessionStorage.setItem(NAME, text) : sessionStorage.removeItem(NAME); } catch { /* kept in memory alone */ }
}

/** Headers that say who calls; none where nobody asks. */
export function headers() {
  const shown = key(), kind = document.documentElement.dataset.credential;
  if (!shown || !kind) return {};
  return kind === "token" ? { Authorization: `Bearer ${shown}` } : { "X-API-Key": shown };
}
