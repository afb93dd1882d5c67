import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadSummary, TrendName } from '../lib/summary.ts';
import { callersFor } from './callers.ts';
import { Generator } from './generator.ts';
import { Ground } from './ground.ts';

const callsOfEach = 10;
const minutes = 0.75;
/** What each sees of the same nodes: means differ by so much at most. */
const meanShareMax = 0.1;

let ground: Ground;
let folder: string;
let byK6: LoadSummary;
let byDense: LoadSummary;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aida-'));
  ground = await Ground.start({ nodes: 1, callsMax: 100, model: 'strict', redisWayMs: 0 });
  const { starts } = await callersFor({
    scenario: 'ramp',
    target: ground.target,
    calls: 2 * callsOfEach,
    minutes,
    talkSeconds: null,
    hearsGoodbye: false,
    generators: 1,
    k6CallsMax: callsOfEach,
    hooks: null,
    remoteWrite: null,
    folder,
  });
  const generated = await Promise.all(starts.map((start) => new Generator(start).done));
  for (const { trouble, tail } of generated) expect(trouble, tail.join('\n')).toBeNull();
  [byK6, byDense] = generated.map(({ summary }) => summary) as [LoadSummary, LoadSummary];
}, 240_000);

afterAll(async () => {
  await ground?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Place of a value among the bounds of a trend's buckets. */
function bucketOf(summary: LoadSummary, name: TrendName, value: number): number {
  const { buckets = [] } = summary.trends[name] ?? {};
  const place = buckets.findIndex(({ le }) => value <= le);
  return place < 0 ? buckets.length : place;
}

describe('the dense load beside k6 on one stack', () => {
  test('both were there, and nobody failed', () => {
    expect([byK6.generator, byDense.generator]).toEqual(['k6', 'dense']);
    for (const { calls } of [byK6, byDense]) {
      expect(calls.failed).toEqual({});
      expect(calls.answered).toBeGreaterThanOrEqual(callsOfEach);
      expect(calls.answered).toBe(calls.started);
    }
  });

  test('neither heard a wrong word, or missed or lost anything', () => {
    for (const { counters } of [byK6, byDense]) {
      const { aida_words_wrong: wrong = 0, aida_words_missing: missing = 0 } = counters;
      const {
        aida_frames_lost: lost = 0,
        aida_frames_repeated: repeated = 0,
        aida_callbacks_failed: failed = 0,
      } = counters;
      expect({ wrong, missing, lost, repeated, failed }).toEqual({
        wrong: 0,
        missing: 0,
        lost: 0,
        repeated: 0,
        failed: 0,
      });
      expect(counters.aida_words_heard ?? 0).toBeGreaterThan(callsOfEach * 10);
    }
  });

  test('both time the same: means within 10 %, percentiles within a bucket', () => {
    for (const name of ['aida_silence', 'aida_first_word'] as const) {
      const [k6, dense] = [byK6.trends[name], byDense.trends[name]];
      expect(k6?.count).toBeGreaterThanOrEqual(callsOfEach);
      expect(dense?.count).toBeGreaterThanOrEqual(callsOfEach);
      const [ofK6, ofDense] = [k6?.mean ?? Number.NaN, dense?.mean ?? Number.NaN];
      expect(Math.abs(ofDense / ofK6 - 1), `${name}: ${ofDense} beside ${ofK6}`).toBeLessThan(meanShareMax);
      for (const share of ['p50', 'p95'] as const) {
        const places = [k6, dense].map((trend) => bucketOf(byK6, name, trend?.[share] ?? Number.NaN));
        expect(Math.abs((places[0] ?? 0) - (places[1] ?? 9)), `${name} ${share}`).toBeLessThanOrEqual(1);
      }
    }
  });
});
