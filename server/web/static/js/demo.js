// The demo console: shows what the zuilen really show, and holds cards against them.
import { makeDraggable } from "./demo-drag.js";
import { beep, toggleSound } from "./demo-sound.js";

const stage = document.querySelector("[data-stream]");
const tray = document.querySelector("#tray");
const spoken = document.querySelector("#spoken");
const zuilen = new Map([...document.querySelectorAll("[data-zuil]")].map((zuil) => [Number(zuil.dataset.zuil), zuil]));
const seen = new Map();

const post = (url, fields) =>
  fetch(url, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(fields) });

export async function tap(index, card, source) {
  const zuil = zuilen.get(index);
  if (!zuil) return;
  zuil.querySelector("input[type=radio]").checked = true;
  source?.classList.add("flying");
  setTimeout(() => source?.classList.remove("flying"), 500);
  zuil.classList.add("touched");
  setTimeout(() => zuil.classList.remove("touched"), 450);
  await post("/demo/tik", { zuil: index, card });
}

function showZuil(state) {
  const zuil = zuilen.get(state.index);
  if (!zuil) return;
  const before = seen.get(state.index) ?? {};
  seen.set(state.index, state);
  zuil.querySelector(".zuil-away").hidden = state.reachable;
  zuil.classList.toggle("away", !state.reachable);
  if (!state.reachable) return;
  if (state.picture && state.picture !== before.picture) zuil.querySelector(".zuil-frame").src = state.picture;
  zuil.classList.toggle("green", state.lights.green);
  zuil.classList.toggle("red", state.lights.red);
  zuil.classList.toggle("buzzing", Boolean(state.buzzer));
  if (state.buzzer && !before.buzzer) beep(state.buzzer);
  showNetwork(zuil, state);
  zuil.querySelector("[data-fact]").textContent = state.waits;
  const clock = zuil.querySelector("[data-clock] select");
  if (document.activeElement !== clock) clock.value = String(state.clock_offset_seconds ?? 0);
}

function showNetwork(zuil, state) {
  const button = zuil.querySelector("[data-network] button");
  const word = zuil.querySelector("[data-network-word]");
  button.setAttribute("aria-pressed", String(state.network));
  button.value = String(!state.network);
  word.textContent = state.network ? word.dataset.on : word.dataset.off;
  zuil.classList.toggle("offline", !state.network);
}

function showBalances(balances) {
  for (const [number, points] of Object.entries(balances)) {
    const badge = document.querySelector(`[data-balance="${number}"]`);
    if (!badge || badge.textContent === String(points)) continue;
    badge.textContent = points;
    badge.classList.remove("grew");
    void badge.offsetWidth; // restart the animation
    badge.classList.add("grew");
  }
}

function showServer(html) {
  const box = document.querySelector("#server");
  const known = new Set([...box.querySelectorAll("[data-arrival]")].map((row) => row.dataset.arrival));
  box.innerHTML = html;
  const fresh = [...box.querySelectorAll("[data-arrival]")].filter((row) => !known.has(row.dataset.arrival));
  for (const row of fresh) row.classList.add("fresh");
  if (fresh.length) spoken.textContent = fresh[0].innerText;
}

function follow() {
  const stream = new EventSource(stage.dataset.stream);
  stream.addEventListener("zuil", (event) => showZuil(JSON.parse(event.data)));
  stream.addEventListener("server", (event) => showServer(event.data));
  stream.addEventListener("balances", (event) => showBalances(JSON.parse(event.data)));
  addEventListener("pagehide", () => stream.close());
}

tray.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  const chosen = document.querySelector('input[name="zuil"]:checked');
  if (button && chosen) tap(Number(chosen.value), button.value, button);
});

tray.addEventListener("keydown", (event) => {
  const button = event.target.closest("button[name=card]");
  if (button && zuilen.has(Number(event.key))) tap(Number(event.key), button.value, button);
});

tray.addEventListener("click", (event) => {
  const link = event.target.closest("[data-by-code]");
  const chosen = document.querySelector('input[name="zuil"]:checked');
  if (link && chosen) link.href = `/demo/zuilen/${chosen.value}/qr`;
});

for (const form of document.querySelectorAll("[data-network]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    post(form.action, { on: event.submitter.value });
  });
}
for (const form of document.querySelectorAll("[data-clock]")) {
  form.addEventListener("change", () => post(form.action, { seconds: form.seconds.value }));
}
document.querySelector("[data-sound]")?.addEventListener("click", (event) => toggleSound(event.currentTarget));

if (matchMedia("(max-width: 760px)").matches) {
  for (const more of document.querySelectorAll(".zuil-more")) more.open = false;
}
makeDraggable(tray, (zuil, button) => tap(Number(zuil.dataset.zuil), button.value, button));
follow();
