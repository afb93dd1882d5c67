import { beforeAll, expect, test } from 'vitest';
import { encodeSample } from '../../sim/voice/index.ts';

interface Told {
  frame?: Uint8Array;
  mark?: unknown;
  isCleared?: boolean;
  cleared?: number;
  said?: boolean;
  isVoiced?: boolean;
  isHeard?: boolean;
  playedMs?: number;
}

interface Processor {
  port: { onmessage(event: { data: Record<string, unknown> }): void };
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

const BLOCK = 128;
const LINE_RATE = 8_000;
const told: Told[] = [];
let PhoneLine: new () => Processor;

/** The globals that a browser gives a worklet. */
beforeAll(async () => {
  Object.assign(globalThis, {
    AudioWorkletProcessor: class {
      port = { postMessage: (message: Told) => void told.push(message), onmessage: () => undefined };
    },
    registerProcessor: (_name: string, made: new () => Processor) => (PhoneLine = made),
    sampleRate: 48_000,
  });
  await import(new URL('../static/phone-worklet.js', import.meta.url).href);
});

function start(rate: number): Processor {
  Object.assign(globalThis, { sampleRate: rate });
  told.length = 0;
  return new PhoneLine();
}

/** So many blocks with a microphone, or without one; what went to the loudspeaker. */
function run(line: Processor, blocks: number, microphone: ((at: number) => number) | null = null): Float32Array {
  const heard = new Float32Array(blocks * BLOCK);
  for (let block = 0; block < blocks; block += 1) {
    const input = microphone ? [Float32Array.from({ length: BLOCK }, (_, at) => microphone(block * BLOCK + at))] : [];
    const output = new Float32Array(BLOCK);
    expect(line.process([input], [[output]])).toBe(true);
    heard.set(output, block * BLOCK);
  }
  return heard;
}

const frames = (): Told[] => told.filter(({ frame }) => frame !== undefined);

/** What of the sound is not the tone, dB below it. */
function distortionDb(samples: Float32Array, hz: number, rate: number): number {
  let [re, im, all] = [0, 0, 0];
  samples.forEach((sample, at) => {
    re += sample * Math.cos((2 * Math.PI * hz * at) / rate);
    im += sample * Math.sin((2 * Math.PI * hz * at) / rate);
    all += sample * sample;
  });
  const tone = (2 * (re * re + im * im)) / samples.length;
  return 10 * Math.log10((all - tone) / tone);
}

test.each([48_000, 44_100])('at %i Hz the ear hears a tone without a gap, for as long as it was sent', (rate) => {
  const line = start(rate);
  const tone = Uint8Array.from({ length: LINE_RATE * 2 }, (_, at) =>
    encodeSample(Math.round(12_000 * Math.sin((2 * Math.PI * 1_000 * at) / LINE_RATE))),
  );
  // In the pieces in which a node sends it: all that there is ahead of time.
  for (let at = 0; at < tone.length; at += 480) line.port.onmessage({ data: { play: tone.slice(at, at + 480) } });
  line.port.onmessage({ data: { mark: 'all' } });
  const heard = run(line, Math.ceil((rate * 2.5) / BLOCK));
  // A whole number of periods from the middle; µ-law itself leaves 38 dB.
  const middle = heard.slice(rate / 2, rate / 2 + rate);
  expect(distortionDb(middle, 1_000, rate)).toBeLessThan(-35);
  expect(told.filter(({ mark }) => mark === 'all')).toEqual([{ mark: 'all', isCleared: false }]);
  const until = told.findIndex(({ mark }) => mark === 'all');
  expect(told.slice(0, until).filter(({ frame }) => frame)).toHaveLength(100);
  expect(frames().at(-1)?.playedMs).toBe(2_000);
});

test.each([48_000, 44_100])('at %i Hz 50 frames of 160 bytes a second leave, with a microphone or without', (rate) => {
  const line = start(rate);
  run(line, Math.ceil(rate / BLOCK), (at) => Math.sin((2 * Math.PI * 440 * at) / rate) / 2);
  expect(Math.abs(frames().length - 50)).toBeLessThanOrEqual(1);
  expect(new Set(frames().map(({ frame }) => frame?.length))).toEqual(new Set([160]));
  expect(frames().at(-1)).toMatchObject({ isVoiced: true, isHeard: false });
  const silent = start(rate);
  run(silent, Math.ceil(rate / BLOCK));
  expect(Math.abs(frames().length - 50)).toBeLessThanOrEqual(1);
  expect(frames().every(({ frame }) => frame?.every((byte) => byte === 0xff))).toBe(true);
});

test('what is typed takes the microphone’s place, no bit of it changed; a muted microphone is silent', () => {
  const line = start(48_000);
  const noise = (at: number): number => Math.sin(at) / 2;
  const words = Uint8Array.from({ length: 400 }, (_, at) => at % 251);
  line.port.onmessage({ data: { say: words } });
  run(line, 30, noise);
  const sent = Buffer.concat(
    frames()
      .slice(0, 3)
      .map(({ frame }) => frame ?? new Uint8Array()),
  );
  expect([...sent.subarray(0, 400)]).toEqual([...words]);
  expect(sent.subarray(400).every((byte) => byte === 0xff)).toBe(true);
  expect(told.filter(({ said }) => said)).toHaveLength(1);
  line.port.onmessage({ data: { muted: true } });
  told.length = 0;
  run(line, 30, noise);
  expect(frames().every(({ frame }) => frame?.every((byte) => byte === 0xff))).toBe(true);
});

test('clear is heard at once, and says how much was dropped; over is the end', () => {
  const line = start(48_000);
  line.port.onmessage({ data: { play: new Uint8Array(8_000).fill(0x20) } });
  run(line, 75);
  line.port.onmessage({ data: { clear: true } });
  const cleared = told.find((each) => each.cleared !== undefined)?.cleared ?? 0;
  expect(8_000 - cleared).toBe(frames().length * 160);
  const after = run(line, 75);
  expect(after.findLastIndex((sample) => Math.abs(sample) > 0.001)).toBe(-1);
  line.port.onmessage({ data: { over: true } });
  expect(line.process([[]], [[new Float32Array(BLOCK)]])).toBe(false);
});
