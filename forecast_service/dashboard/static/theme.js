// Before the first paint: apply the reader's saved theme, unless the address names one.
(() => {
  const root = document.documentElement;
  if (root.dataset.theme) { root.dataset.themeAsked = "address"; return; }
  try {
    const saved = localStorage.getItem("forecast-service-theme");
    if (saved === "light" || saved === "dark") root.dataset.theme = saved;
  } catch { /* no storage: the system's theme */ }
})();
