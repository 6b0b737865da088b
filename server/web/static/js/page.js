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

// A form is sent once: a second click while the answer is on its way would do it all again.
const PATIENCE = 5000; // ms, after which a form that is still there may be sent again (a download, no network)
const sent = new Set();
addEventListener("pageshow", () => sent.clear());
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  setTimeout(() => sent.delete(form), PATIENCE);
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
