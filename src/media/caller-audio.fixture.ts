import { appendOf, type Ear } from '../model/append.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { CadenceKind } from './cadence.ts';
import { CallerAudio } from './caller-audio.ts';
import type { MediaFrame } from './frame.ts';

/** A frame as the carrier's base64 brings it. */
export function frameOf(audio: Uint8Array, timestampMs: number): MediaFrame {
  const event = Buffer.from(appendOf(Buffer.from(audio).toString('base64')));
  return { event, from: 0, to: event.length, audio, timestampMs };
}

/** A model's ear that reads what it is sent as a strict server does. */
export class Heard implements Ear {
  heardBytes = 0;
  readonly appends: Buffer[] = [];

  append(bytes: Uint8Array, from: number, to: number): void {
    const text = Buffer.from(bytes.subarray(from, to)).toString('latin1');
    const event = JSON.parse(text) as { type: string; audio: string };
    const audio = Buffer.from(event.audio, 'base64');
    if (text !== appendOf(audio.toString('base64'))) throw new Error(`not a whole append: ${text}`);
    this.appends.push(audio);
  }

  get audio(): Buffer {
    return Buffer.concat(this.appends);
  }

  /** Runs of equal bytes: value × ms. */
  get runs(): string[] {
    const runs: [number, number][] = [];
    for (const byte of this.audio) {
      const last = runs.at(-1);
      if (last?.[0] === byte) last[1]++;
      else runs.push([byte, 1]);
    }
    return runs.map(([value, bytes]) => `${value}×${bytes / 8}`);
  }
}

export function callerAudio(cadence: CadenceKind = '20ms'): { audio: CallerAudio; metrics: Metrics } {
  const metrics = createMetrics();
  return { audio: new CallerAudio({ cadence, metrics }), metrics };
}
