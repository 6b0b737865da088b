// A scan finds a person, or fills in the card field of the form that is open, wherever the cursor is.
// Scanners on a USB cable type like a keyboard, only faster than people can, and end with Enter.
(() => {
  const GAP = 100; // ms between two keys of a scanner, at most
  const NUMBER = /^(?:\d{13}|\d{11}|[0-9A-F]{14})$/;
  const page = document.querySelector("[data-scan]");
  if (!page) return;

  const say = (word) => {
    const said = page.querySelector("[data-scan-said]");
    if (said) said.textContent = page.dataset[word] ?? "";
  };

  const cardField = () => {
    const fields = [...document.querySelectorAll("[data-scan-field]")].filter((field) => field.checkVisibility());
    return fields.find((field) => field === document.activeElement) ?? fields[0];
  };

  // A number that was scanned in whatever way.
  const take = (number) => {
    const field = cardField();
    if (field) {
      field.value = number;
      field.focus();
      if (field.dataset.scanField === "send") field.form.requestSubmit();
      else say("taken");
    } else {
      const form = document.querySelector("[data-scan-find]");
      if (!form) return;
      form.elements.text.value = number;
      form.requestSubmit();
    }
  };

  // Chips of UiTPAS cards are NXP's and begin with 04; some readers type the last byte first.
  const upright = (text) => (/^(?!04)[0-9A-F]{12}04$/.test(text) ? text.match(/../g).reverse().join("") : text);
  const clean = (text) => upright(text.toUpperCase().replace(/[\s:.-]/g, ""));

  // The first number in what a barcode or a chip says, empty when there is none.
  const numberIn = (text) => {
    const whole = clean(text);
    return NUMBER.test(whole) ? whole : (text.match(/(?<!\d)\d{13}(?!\d)/)?.[0] ?? "");
  };

  let keys = [];
  let before = null;

  // On azerty the digits of a scanner that thinks it is qwerty come out as &é"'(: the place of a key knows better.
  const place = (code) => code.match(/^(?:Digit|Numpad|Key)(.)$/)?.[1] ?? "";

  const scanned = () => {
    const said = [keys.map((one) => one.key).join(""), keys.map((one) => place(one.code)).join("")].map(clean);
    return said.find((text) => NUMBER.test(text)) ?? "";
  };

  const remember = () => {
    const field = document.activeElement;
    before = field && "value" in field ? [field, field.value] : null;
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Shift" || event.key === "CapsLock") return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) { keys = []; return; }
    if (keys.length && event.timeStamp - keys.at(-1).at > GAP) keys = [];
    if (event.key !== "Enter") {
      if (!keys.length) remember();
      keys.push({ at: event.timeStamp, key: event.key, code: event.code });
      return;
    }
    const number = scanned();
    keys = [];
    if (!number) return;
    // This Enter would press a button or send a form that is not complete.
    event.preventDefault();
    event.stopImmediatePropagation();
    if (before) before[0].value = before[1];
    take(number);
  }, true);

  window.zuilScan = { page, say, take, numberIn };
})();
