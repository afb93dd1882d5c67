/** Shorter is a click or a cough. */
const SPEECH_FRAMES_MIN = 5;
/** What begins after less quiet than this is still the same sentence. */
const QUIET_FRAMES_MIN = 10;
const FRAME_MS = 20;

/** Measures, at this end of the line, the silence between the caller's last sound and the first one of the answer. */
export class TurnClock {
  #voiced = 0;
  #quiet = 0;
  #isWaiting = false;
  #lastVoiceMs = 0;

  /** Each 20 ms of the line, in order. The silence in ms when an answer begins with this one, else null. */
  push({ isVoiced, isHeard, atMs }) {
    this.#voiced = isVoiced ? this.#voiced + 1 : 0;
    if (this.#voiced >= SPEECH_FRAMES_MIN) {
      this.#isWaiting = true;
      this.#lastVoiceMs = atMs + FRAME_MS;
    }
    const isOnset = isHeard && this.#quiet >= QUIET_FRAMES_MIN;
    this.#quiet = isHeard ? 0 : this.#quiet + 1;
    if (!isOnset || !this.#isWaiting) return null;
    this.#isWaiting = false;
    return Math.max(0, atMs - this.#lastVoiceMs);
  }
}
