// Light or dark before the first paint: what the visitor chose here, else what the device asks for.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = localStorage.getItem("theme");
    const theme = chosen || (dark.matches ? "dark" : "light");
    document.documentElement.dataset.bsTheme = theme;
  };
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const now = document.documentElement.dataset.bsTheme;
    localStorage.setItem("theme", now === "dark" ? "light" : "dark");
    apply();
  });
})();
