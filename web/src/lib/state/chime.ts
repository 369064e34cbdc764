/** Two soft notes. Made here, so that nothing has to be loaded. */
const NOTES_HZ = [659.25, 880] as const;
const NOTE_SECONDS = 0.14;
const VOLUME = 0.06;

let context: AudioContext | null = null;

export function chime(): void {
  try {
    context ??= new AudioContext();
    // A browser that lets a page sound only after a click leaves it suspended until then.
    void context.resume();
    NOTES_HZ.forEach((hertz, place) => play(context!, hertz, place * NOTE_SECONDS));
  } catch {
    // Without a loudspeaker there is no sound; the words are on the screen.
  }
}

function play(audio: AudioContext, hertz: number, after_seconds: number): void {
  const start = audio.currentTime + after_seconds;
  const end = start + 3 * NOTE_SECONDS;
  const gain = audio.createGain();
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  const tone = audio.createOscillator();
  tone.frequency.value = hertz;
  tone.connect(gain).connect(audio.destination);
  tone.start(start);
  tone.stop(end);
}
