// The buzzer, for who switches the sound on: one short tone that says how it went.
const TONES = { good: [1320, 1760], calm: [660], bad: [330, 262] };
let audio = null;

export function toggleSound(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  audio = on ? new AudioContext() : null;
  if (on) beep("good");
}

export function beep(tone) {
  if (!audio) return;
  (TONES[tone] ?? TONES.calm).forEach((frequency, step) => {
    const [begin, oscillator, volume] = [audio.currentTime + step * 0.11, audio.createOscillator(), audio.createGain()];
    oscillator.frequency.value = frequency;
    volume.gain.setValueAtTime(0.12, begin);
    volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.16);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(begin);
    oscillator.stop(begin + 0.18);
  });
}
