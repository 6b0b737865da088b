// Drag a card onto a zuil, with a mouse, a pen or a finger.
const FAR_ENOUGH = 8;

export function makeDraggable(tray, drop) {
  let drag = null;

  tray.addEventListener("pointerdown", (event) => {
    const button = event.target.closest("button[name=card]");
    if (!button || event.button) return;
    drag = { button, x: event.clientX, y: event.clientY, ghost: null };
  });

  addEventListener("pointermove", (event) => {
    if (!drag) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y);
    // A finger that moves sideways or down scrolls; only a pull upwards lifts the card.
    const scrolls = event.pointerType === "touch" && drag.y - event.clientY < FAR_ENOUGH;
    if (!drag.ghost && (far < FAR_ENOUGH || scrolls)) return;
    drag.ghost ??= lift(drag.button);
    move(drag.ghost, event);
    mark(event);
  });

  addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { button, ghost } = drag;
    drag = null;
    if (!ghost) return;
    ghost.remove();
    mark(null);
    // The click that follows a drag is not a click on the card.
    const swallow = (click) => click.preventDefault();
    button.addEventListener("click", swallow);
    setTimeout(() => button.removeEventListener("click", swallow));
    const zuil = zuilAt(event);
    if (zuil) drop(zuil, button);
  });

  addEventListener("pointercancel", () => {
    drag?.ghost?.remove();
    drag = null;
    mark(null);
  });
  // Touch would otherwise take the card for a scroll as soon as it is lifted.
  tray.addEventListener("touchmove", (event) => { if (drag?.ghost) event.preventDefault(); }, { passive: false });
  tray.addEventListener("dragstart", (event) => event.preventDefault());
}

function lift(button) {
  const face = button.querySelector(".pass-face") ?? button;
  const ghost = face.cloneNode(true);
  ghost.classList.add("ghost", ...[...button.classList].filter((name) => name !== "pass"));
  const width = face.getBoundingClientRect().width;
  ghost.style.setProperty("width", `${width}px`);
  document.body.append(ghost);
  return ghost;
}

function move(ghost, event) {
  ghost.style.setProperty("transform", `translate(${event.clientX}px, ${event.clientY}px) translate(-50%, -60%) rotate(-5deg)`);
}

function zuilAt(event) {
  return document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-zuil]");
}

function mark(event) {
  const over = event && zuilAt(event);
  for (const zuil of document.querySelectorAll("[data-zuil]")) zuil.classList.toggle("over", zuil === over);
}
