import { pcmToMulaw } from '../voice/index.ts';

const BEEP_HZ = 1_000;
const BEEP_AMPLITUDE = 8_000;
const SAMPLES_PER_MS = 8;

/** The tone before a recording, µ-law. */
export function beep(ms: number): Uint8Array {
  const samples = new Int16Array(ms * SAMPLES_PER_MS);
  for (let at = 0; at < samples.length; at++)
    samples[at] = BEEP_AMPLITUDE * Math.sin((2 * Math.PI * BEEP_HZ * at) / (SAMPLES_PER_MS * 1000));
  return pcmToMulaw(samples);
}
