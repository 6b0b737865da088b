// An identity card in a reader of this computer fills in a form, or gives its photo. Offered where somebody
// chose to use the reader (scan-ways.js).
(() => {
  const show = () => {
    const wanted = localStorage.getItem("zuil-bridge") === "yes";
    for (const one of document.querySelectorAll("[data-eid]")) one.hidden = !wanted;
  };
  document.addEventListener("zuil-bridge", show);
  show();

  const fill = async (answer, form) => {
    for (const [name, text] of Object.entries(await answer.json())) {
      const field = form.elements[name];
      if (field && text) field.value = text;
    }
  };
  const attach = async (answer, form) => {
    const files = new DataTransfer();
    files.items.add(new File([await answer.blob()], "eid.jpg", { type: "image/jpeg" }));
    form.elements.chosen.files = files.files;
  };

  document.addEventListener("click", async (event) => {
    const asked = event.target.closest("[data-eid] button");
    if (!asked) return;
    const { eid, bridge } = asked.parentElement.dataset;
    const said = asked.parentElement.querySelector("[role=status]");
    said.textContent = said.dataset.busy;
    asked.disabled = true;
    try {
      const answer = await fetch(`${bridge}/${eid}`, { method: "POST" });
      if (answer.ok) await (eid === "photo" ? attach : fill)(answer, asked.form);
      said.textContent = (answer.ok ? said.dataset.done : said.getAttribute(`data-${(await answer.json()).fault}`)) ?? said.dataset.away;
    } catch {
      said.textContent = said.dataset.away;
    }
    asked.disabled = false;
  });
})();
