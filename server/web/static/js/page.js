// Small comforts. Everything here also works without it.
document.documentElement.classList.add("js");

// Copy a command or code: <button data-copy="#id">.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.querySelector(button.dataset.copy).innerText.trim();
  await navigator.clipboard.writeText(text);
  const label = button.innerText;
  button.innerText = button.dataset.done;
  setTimeout(() => { button.innerText = label; }, 1800);
});

// Close an open menu when clicking elsewhere or pressing Escape.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeMenus(null);
});
