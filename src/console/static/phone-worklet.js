import {
  decodeMulaw,
  encodeMulaw,
  FRAME_SAMPLES,
  levelOf,
  LINE_RATE,
  Playout,
  Resampler,
  SILENCE_BYTE,
} from './phone-sound.js';

/** Quieter is silence: background noise is not somebody's turn. */
const VOICE_LEVEL = 0.02;
/** Frames come each 20 ms, the sound card takes steps that do not divide them: so much lies ahead, that none comes too late. */
const AHEAD_SAMPLES = 512;

/**
 * Both directions of the line on the clock of the sound card: every 20 ms a frame of the microphone, or of words that
 * were typed, goes to the page; what the node sent is played in order.
 *
 * To it: `{ say }`, `{ play }` (µ-law), `{ mark }`, `{ clear }`, `{ muted }`, `{ over }`. From it: `{ frame, mouth, ear,
 * isVoiced, isHeard, atMs, playedMs }` each 20 ms, `{ mark, isCleared }`, `{ cleared }`, `{ said }`.
 */
class PhoneLine extends AudioWorkletProcessor {
  #toLine = new Resampler(sampleRate, LINE_RATE);
  #fromLine = new Resampler(LINE_RATE, sampleRate);
  #playout = new Playout((mark, isCleared) => this.port.postMessage({ mark, isCleared }));
  #mouth = new Float32Array(0);
  #ear = new Float32Array(0);
  #isSounding = false;
  #typed = [];
  #typedAt = 0;
  #isMuted = false;
  #isOver = false;
  #frames = 0;
  #playedSamples = 0;
  #silence = new Float32Array(128);

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#told(data);
  }

  process([[microphone] = []], [[out] = []]) {
    if (this.#isOver) return false;
    const heard = microphone ?? this.#silence;
    this.#mouth = joined(this.#mouth, this.#toLine.push(heard));
    while (this.#mouth.length >= FRAME_SAMPLES) {
      this.#frame(this.#mouth.subarray(0, FRAME_SAMPLES));
      this.#mouth = this.#mouth.slice(FRAME_SAMPLES);
    }
    if (out) {
      out.set(this.#ear.subarray(0, out.length));
      this.#ear = this.#ear.slice(Math.min(out.length, this.#ear.length));
    }
    return true;
  }

  #told({ say, play, mark, clear, muted, over }) {
    if (say) this.#typed.push(say);
    if (play) this.#playout.push(play);
    if (mark !== undefined) this.#playout.mark(mark);
    if (clear) {
      this.#ear.fill(0);
      this.#fromLine.forget();
      this.port.postMessage({ cleared: this.#playout.clear() });
    }
    if (muted !== undefined) this.#isMuted = muted;
    if (over) this.#isOver = true;
  }

  /** 20 ms of both sides. */
  #frame(microphone) {
    const frame = new Uint8Array(FRAME_SAMPLES).fill(SILENCE_BYTE);
    const typed = this.#nextTyped();
    if (typed) frame.set(typed);
    else if (!this.#isMuted) for (let at = 0; at < FRAME_SAMPLES; at += 1) frame[at] = encodeMulaw(microphone[at]);
    const played = new Float32Array(FRAME_SAMPLES);
    this.#playedSamples += this.#playout.pull(played);
    if (!this.#isSounding) this.#ear = new Float32Array(AHEAD_SAMPLES);
    this.#isSounding = true;
    this.#ear = joined(this.#ear, this.#fromLine.push(played));
    const [mouth, ear] = [levelOf(decodedOf(frame)), levelOf(played)];
    this.port.postMessage({
      frame,
      mouth,
      ear,
      isVoiced: mouth > VOICE_LEVEL,
      isHeard: ear > VOICE_LEVEL,
      atMs: (this.#frames * FRAME_SAMPLES * 1000) / LINE_RATE,
      playedMs: (this.#playedSamples * 1000) / LINE_RATE,
    });
    this.#frames += 1;
  }

  /** The next 20 ms of what was typed, as they are: no bit of them changes. */
  #nextTyped() {
    const first = this.#typed[0];
    if (first === undefined) return null;
    const piece = first.subarray(this.#typedAt, this.#typedAt + FRAME_SAMPLES);
    this.#typedAt += FRAME_SAMPLES;
    if (this.#typedAt >= first.length) {
      this.#typed.shift();
      this.#typedAt = 0;
      this.port.postMessage({ said: true });
    }
    return piece;
  }
}

function joined(left, right) {
  if (left.length === 0) return right;
  const both = new Float32Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

function decodedOf(frame) {
  return Float32Array.from(frame, decodeMulaw);
}

registerProcessor('phone-line', PhoneLine);
