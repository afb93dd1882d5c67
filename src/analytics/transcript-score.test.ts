import { expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { StoredFact } from './stored-fact.ts';
import { TranscriptScore } from './transcript-score.ts';

function ended(callSid: string, at: number, status = 'completed'): StoredFact {
  const fact = { type: 'carrier.statusReported', at, status, durationS: 7, sequence: 3 } as CallEvent;
  return { callSid, epoch: 1, seq: 9, fact };
}

test('a transcript is in time for a minute after the end of its call, and counted once', async () => {
  const metrics = createMetrics();
  const score = new TranscriptScore(metrics, () => 100_000);
  const consumer = score.of({
    group: 'analytics',
    isHealthy: () => Promise.resolve(true),
    take: (facts) => Promise.resolve(facts.filter(({ callSid }) => callSid === 'later')),
  });
  await consumer.take([ended('in time', 40_000), ended('late', 39_999), ended('later', 90_000)]);
  await consumer.take([ended('in time', 40_000), ended('rings', 90_000, 'in-progress')]);
  score.lost();
  const { values } = await metrics.transcripts.get();
  expect(values.map(({ labels, value }) => [labels['result'], value])).toEqual([
    ['in_time', 1],
    ['late', 1],
    ['overdue', 1],
  ]);
  expect(await metrics.scrape()).toContain('aida_transcript_seconds_count 2');
});
