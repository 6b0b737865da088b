// Other ways to scan, each offered only where this browser can: a phone's NFC, a camera, a reader on this computer.
(() => {
  if (!window.zuilScan) return;
  const { page, say, take, numberIn } = window.zuilScan;

  const offer = (name, act) => {
    const way = page.querySelector(`[data-way="${name}"]`);
    if (!way) return null;
    way.hidden = false;
    page.querySelector("[data-ways]").hidden = false;
    const button = way.querySelector("button");
    button.addEventListener("click", act);
    return button;
  };

  // --- NFC of an Android phone -------------------------------------------------------------
  const listenToNfc = async () => {
    const reader = new NDEFReader();
    reader.addEventListener("reading", (event) => {
      const chip = event.serialNumber.replaceAll(":", "").toUpperCase();
      if (chip.length === 14) take(chip);
      else say("foreign");
    });
    reader.addEventListener("readingerror", () => say("unreadable"));
    try {
      await reader.scan();
      say("hold");
    } catch {
      say("nfcOff");
    }
  };
  if ("NDEFReader" in window) {
    offer("nfc", listenToNfc);
    // Allowed before: nothing has to be pressed again.
    navigator.permissions.query({ name: "nfc" }).then(({ state }) => { if (state === "granted") listenToNfc(); }, () => {});
  }

  // --- camera ------------------------------------------------------------------------------
  const FORMATS = ["code_128", "code_39", "codabar", "itf", "ean_13", "qr_code"];
  const LOOK = 150; // ms between two pictures

  const own = async () => {
    if (!("BarcodeDetector" in window)) return null;
    const formats = (await BarcodeDetector.getSupportedFormats()).filter((one) => FORMATS.includes(one));
    if (!formats.length) return null;
    const detector = new BarcodeDetector({ formats });
    return async (video) => (await detector.detect(video)).map((one) => one.rawValue);
  };

  const ours = async () => {
    await new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: page.dataset.zxing, onload: done, onerror: failed });
      document.head.append(script);
    });
    await ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => page.dataset.zxingWasm }, fireImmediately: true });
    const canvas = document.createElement("canvas");
    return async (video) => {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const brush = canvas.getContext("2d", { willReadFrequently: true });
      brush.drawImage(video, 0, 0);
      const picture = brush.getImageData(0, 0, canvas.width, canvas.height);
      return (await ZXingWASM.readBarcodes(picture, { tryHarder: true })).map((one) => one.text);
    };
  };

  const look = async () => {
    const dialog = page.querySelector("[data-camera]");
    const video = dialog.querySelector("video");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      say("cameraOff");
      return;
    }
    video.srcObject = stream;
    dialog.showModal();
    await video.play();
    dialog.addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()), { once: true });
    try {
      const read = (await own()) ?? (await ours());
      while (dialog.open) {
        const number = video.videoWidth ? (await read(video)).map(numberIn).find(Boolean) : "";
        if (number) {
          dialog.close();
          take(number);
          return;
        }
        await new Promise((next) => { setTimeout(next, LOOK); });
      }
    } catch {
      dialog.close();
      say("cameraOff");
    }
  };
  if (window.isSecureContext && navigator.mediaDevices?.getUserMedia) {
    offer("camera", look);
    page.querySelector("[data-camera-stop]")?.addEventListener("click", () => page.querySelector("[data-camera]").close());
  }

  // --- a reader on this computer, through the bridge -----------------------------------------
  const WANTED = "zuil-bridge";
  const bridge = page.dataset.bridge;
  let source = null;
  let button = null;
  const isWanted = () => localStorage.getItem(WANTED) === "yes";

  const show = () => {
    const wanted = isWanted();
    if (button) button.textContent = wanted ? button.dataset.stop : button.dataset.start;
    document.dispatchEvent(new Event("zuil-bridge"));
  };
  const follow = () => {
    if (source || !isWanted() || document.hidden) return;
    source = new EventSource(`${bridge}/cards`);
    source.addEventListener("reader", (event) => say(JSON.parse(event.data) === "ok" ? "reader" : "readerAway"));
    source.addEventListener("card", (event) => take(JSON.parse(event.data)));
    source.addEventListener("error", () => say("bridgeAway"));
  };
  const leave = () => {
    source?.close();
    source = null;
  };
  // A card goes to the page that is looked at.
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else follow(); });
  window.addEventListener("pagehide", leave);

  if (matchMedia("(pointer: fine)").matches) {
    button = offer("bridge", () => {
      localStorage.setItem(WANTED, isWanted() ? "no" : "yes");
      leave();
      say("");
      show();
      follow();
    });
  }
  show();
  follow();
})();
