// Before the first paint: the colours that the reader chose here, unless the address says which.
(() => {
  const root = document.documentElement;
  if (root.dataset.theme) { root.dataset.themeAsked = "address"; return; }
  try {
    const kept = localStorage.getItem("forecast-service-theme");
    if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  } catch { /* no storage here: the system's colours then */ }
})();
