import { expect, test } from 'vitest';
import { createSyntheticCheck, syntheticSid } from './synthetic-sid.ts';

const secret = 'an auth token';
const isSynthetic = createSyntheticCheck(['the one before', secret]);

test('a CallSid that was made with a secret is known by it, each is another', () => {
  const sids = Array.from({ length: 50 }, () => syntheticSid(secret));
  expect(sids.every((sid) => /^CA[0-9a-f]{32}$/.test(sid) && isSynthetic(sid))).toBe(true);
  expect(new Set(sids).size).toBe(50);
});

test('nobody without the secret can make one, nor change a bit of one', () => {
  const genuine = syntheticSid(secret);
  const flipped = [...genuine].map((digit, place) =>
    place < 2 ? null : genuine.slice(0, place) + (digit === '0' ? '1' : '0') + genuine.slice(place + 1),
  );
  const others = [
    syntheticSid('another token'),
    `CA${'a1'.repeat(16)}`,
    '',
    'CA',
    genuine.toUpperCase(),
    `${genuine}0`,
  ];
  for (const sid of [...flipped.filter((sid) => sid !== null), ...others]) expect(isSynthetic(sid)).toBe(false);
});
