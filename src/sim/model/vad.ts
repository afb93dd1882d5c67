import { BYTES_PER_MS, energy, FRAME_BYTES } from '../voice/index.ts';
import type { TurnDetection } from './schemas.ts';

const FRAME_MS = FRAME_BYTES / BYTES_PER_MS;
/** Root mean square that counts as speech at threshold 0, and what each point of threshold adds. */
const ENERGY_MIN = 0.004;
const ENERGY_PER_THRESHOLD = 0.016;
const LOUD_FRAMES_MIN = 2;
const SEMANTIC_SILENCE_MS = { low: 1600, medium: 800, auto: 800, high: 400 } as const;
const THRESHOLD = 0.5;
const PREFIX_MS = 300;
const SILENCE_MS = 200;

export type VadEvent = { readonly kind: 'started' | 'stopped'; readonly atMs: number };

/** Finds the caller's turns by energy, on a clock of appended audio. Fed whole 20 ms frames of µ-law. */
export class Vad {
  /** Milliseconds of audio seen. */
  positionMs = 0;
  speaking = false;
  #loudFrames = 0;
  #quietMs = 0;
  #earliestMs = 0;

  /** Start and stop as the API counts them: the start less the prefix, the stop with the silence after speech. */
  step(frame: Uint8Array, detection: TurnDetection): VadEvent | null {
    const threshold = detection.type === 'server_vad' ? (detection.threshold ?? THRESHOLD) : THRESHOLD;
    const loud = energy(frame) >= ENERGY_MIN + ENERGY_PER_THRESHOLD * threshold;
    this.positionMs += FRAME_MS;
    this.#loudFrames = loud ? this.#loudFrames + 1 : 0;
    this.#quietMs = loud ? 0 : this.#quietMs + FRAME_MS;
    if (!this.speaking && this.#loudFrames >= LOUD_FRAMES_MIN) return this.#start(detection);
    if (this.speaking && this.#quietMs >= silenceMs(detection)) return this.#stop();
    return null;
  }

  /** Moves the clock over audio that nobody listens to (turn detection off). */
  skip(): void {
    this.positionMs += FRAME_MS;
  }

  /** A commit or clear ends the turn that was being heard. */
  reset(): void {
    this.speaking = false;
    this.#loudFrames = 0;
    this.#quietMs = 0;
    this.#earliestMs = this.positionMs;
  }

  #start(detection: TurnDetection): VadEvent {
    this.speaking = true;
    const prefixMs = detection.type === 'server_vad' ? (detection.prefix_padding_ms ?? PREFIX_MS) : PREFIX_MS;
    const startMs = this.positionMs - LOUD_FRAMES_MIN * FRAME_MS - prefixMs;
    return { kind: 'started', atMs: Math.max(startMs, this.#earliestMs) };
  }

  #stop(): VadEvent {
    this.reset();
    return { kind: 'stopped', atMs: this.positionMs };
  }
}

function silenceMs(detection: TurnDetection): number {
  if (detection.type === 'semantic_vad') return SEMANTIC_SILENCE_MS[detection.eagerness ?? 'auto'];
  return detection.silence_duration_ms ?? SILENCE_MS;
}
