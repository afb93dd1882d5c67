import { beforeEach, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { callerAudio, frameOf } from './caller-audio.fixture.ts';
import { rendered } from './lines.fixture.ts';
import { Voice } from './voice.ts';
import type { CarrierWire } from './wire.ts';

let metrics: Metrics;
let now: number;
let voice: Voice;

beforeEach(() => {
  metrics = createMetrics();
  now = 0;
  const nothing = (): void => undefined;
  const wire = { full: false, media: nothing, mark: nothing, clear: nothing, cork: (work: () => void) => work() };
  const listener = {
    ...{ onSaid: nothing, onHeard: nothing, onTruncate: nothing, onChange: nothing },
    ...{ onFirstWord: nothing, onFirstHeard: nothing, onAnswered: nothing },
  };
  const deps = { lines: rendered([]), metrics, now: () => now };
  voice = new Voice(deps, wire as unknown as CarrierWire, listener, () => null);
});

function speak(ms: number, at: number): void {
  now = at;
  const bytes = ms * 8;
  const payload = Buffer.alloc(bytes, 1).toString('base64');
  voice.audio({ responseId: 'r1', itemId: 'i1', payload, bytes }, false);
}

const line = async (start: string): Promise<string | undefined> =>
  (await metrics.scrape()).split('\n').find((each) => each.startsWith(start));

test('a sentence that comes too late for its own beginning has a pause; one that comes in time has none', async () => {
  speak(200, 0);
  speak(200, 150);
  expect(await line('aida_underruns_total')).toBe('aida_underruns_total 0');
  speak(200, 1_000);
  expect(await line('aida_underruns_total')).toBe('aida_underruns_total 1');
});

test('how far the carrier is ahead is looked at while there is something to play', async () => {
  voice.tick(0);
  expect(await line('aida_playout_lead_seconds_count')).toBe('aida_playout_lead_seconds_count 0');
  speak(600, 0);
  now = 100;
  voice.tick(now);
  expect(await line('aida_playout_lead_seconds_count')).toBe('aida_playout_lead_seconds_count 1');
  expect(await line('aida_playout_lead_seconds_sum')).toBe('aida_playout_lead_seconds_sum 0.5');
});

test.each([
  ['no gap', 25, '0', '0'],
  ['jitter', 44, '0', '0'],
  ['three frames lost', 85, '1', '0.06'],
])('a caller with %s', async (_, nextMs, count, sum) => {
  const made = callerAudio();
  ({ metrics } = made);
  for (const at of [5, nextMs]) made.audio.frame(frameOf(new Uint8Array(160), at), 0);
  expect(await line('aida_gap_seconds_count')).toBe(`aida_gap_seconds_count ${count}`);
  expect(await line('aida_gap_seconds_sum')).toBe(`aida_gap_seconds_sum ${sum}`);
});
