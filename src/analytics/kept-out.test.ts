import { expect, test } from 'vitest';
import { createSyntheticCheck, syntheticSid } from '../telemetry/synthetic-sid.ts';
import { withoutSynthetic } from './kept-out.ts';
import type { StoredFact } from './stored-fact.ts';

const fact = (callSid: string, seq: number): StoredFact => ({
  callSid,
  epoch: 1,
  seq,
  fact: { type: 'carrier.nextAsked', at: seq, intent: null, breaks: 0 },
});

test('a consumer sees real calls alone, in their order, and is not asked for nothing', async () => {
  const seen: (readonly StoredFact[])[] = [];
  const consumer = withoutSynthetic(
    {
      group: 'call-log',
      isHealthy: () => Promise.resolve(true),
      take: (facts) => {
        seen.push(facts);
        return Promise.resolve(facts.slice(0, 1));
      },
    },
    createSyntheticCheck(['secret']),
  );
  const [real, synthetic] = [`CA${'b2'.repeat(16)}`, syntheticSid('secret')];
  const [first, second] = [fact(real, 1), fact(real, 2)];
  expect(await consumer.take([fact(synthetic, 1)])).toEqual([]);
  expect(await consumer.take([first, fact(synthetic, 2), second])).toEqual([first]);
  expect(seen).toEqual([[first, second]]);
});
