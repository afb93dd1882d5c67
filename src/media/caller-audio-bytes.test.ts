import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callerAudio, frameOf, Heard } from './caller-audio.fixture.ts';
import type { CadenceKind } from './cadence.ts';

const frames = fc.record({
  bytes: fc.oneof(
    { weight: 8, arbitrary: fc.constant(160) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 780, max: 5_000 }) },
  ),
  /** Between the end of the frame before and the first of these, ms. */
  skipMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(20, 80, 1_000, 20_000, -20, -5_000) },
  ),
  quiet: fc.boolean(),
  times: fc.integer({ min: 1, max: 60 }),
});
const happening = fc.oneof(
  { weight: 8, arbitrary: frames },
  { weight: 1, arbitrary: fc.record({ arrived: fc.boolean(), speaking: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('started', 'stopped', 'settled', 'flush', 'connect', 'disconnect' as const),
  },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface Run {
  /** What each session heard. */
  ears: Heard[];
  /** Whether each frame was left out. */
  repeated: boolean[];
  batches: number;
}

/** µ-law that differs from frame to frame; a quiet one is silence for the gate all the same. */
function audioOf(bytes: number, quiet: boolean, count: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) =>
    quiet ? 255 - ((count * 5 + at) % 3) : (count * 7 + at) & 0xff,
  );
}

function run(cadence: CadenceKind, happenings: readonly Happening[]): Run {
  const { audio, metrics } = callerAudio(cadence);
  const ears: Heard[] = [];
  const repeated: boolean[] = [];
  const connect = (): void => {
    const ear = new Heard();
    ears.push(ear);
    audio.connect(ear);
  };
  let now = 0;
  let timestampMs = 1_000_000;
  connect();
  for (const one of happenings) {
    if (one === 'started') audio.speechStarted();
    else if (one === 'stopped') audio.speechStopped();
    else if (one === 'settled') audio.settled();
    else if (one === 'flush') audio.flush();
    else if (one === 'connect') connect();
    else if (one === 'disconnect') audio.disconnect();
    else if ('arrived' in one) audio.tick((now += 250), one.arrived, one.speaking);
    else {
      timestampMs += one.skipMs;
      for (let i = 0; i < one.times; i++) {
        const bytes = audioOf(one.bytes, one.quiet, repeated.length);
        repeated.push(audio.frame(frameOf(bytes, timestampMs), (now += 20)) === 'repeated');
        timestampMs += one.bytes / 8;
      }
    }
  }
  audio.flush();
  audio.close();
  const heard = ears.reduce((sum, ear) => sum + ear.audio.length, 0);
  const counted = Object.values(metrics.appendedSeconds).reduce((sum, { total }) => sum + total, 0);
  expect(Math.round(counted * 8_000)).toBe(heard);
  const appends = ears.reduce((sum, ear) => sum + ear.appends.length, 0);
  expect(Object.values(metrics.appends).reduce((sum, { total }) => sum + total, 0)).toBe(appends);
  return { ears, repeated, batches: metrics.appends.batch.total };
}

test('whatever comes, sessions hear the same bytes with and without the cadence', () => {
  let batches = 0;
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const plain = run('20ms', happenings);
      const adaptive = run('adaptive', happenings);
      expect(adaptive.repeated).toEqual(plain.repeated);
      expect(adaptive.ears.length).toBe(plain.ears.length);
      for (const [i, ear] of adaptive.ears.entries()) {
        const [heard, all] = [ear.audio, plain.ears[i]?.audio ?? Buffer.alloc(0)];
        // A session that was left may lack what was held back for it: its successor hears that.
        const isLeft =
          i < plain.ears.length - 1 || happenings.lastIndexOf('disconnect') > happenings.lastIndexOf('connect');
        const lacks = all.length - heard.length;
        expect(lacks).toBeGreaterThanOrEqual(0);
        expect(lacks).toBeLessThan(isLeft ? 800 : 1);
        expect(heard.equals(all.subarray(0, heard.length))).toBe(true);
      }
      expect(plain.batches).toBe(0);
      batches += adaptive.batches;
    }),
    { numRuns: 150 },
  );
  expect(batches).toBeGreaterThan(500);
});
