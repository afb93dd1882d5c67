import { expect, test } from 'vitest';
import { createPhoneCheck, createSyntheticCheck, phoneSid, syntheticSid } from './synthetic-sid.ts';

const secret = 'an auth token';
const isSynthetic = createSyntheticCheck(['the one before', secret]);

test('a CallSid that was made with a secret is known by it, each is another', () => {
  const sids = Array.from({ length: 50 }, () => syntheticSid(secret));
  expect(sids.every((sid) => /^CA[0-9a-f]{32}$/.test(sid) && isSynthetic(sid))).toBe(true);
  expect(new Set(sids).size).toBe(50);
});

test('nobody without the secret can make one, nor change a bit of one', () => {
  const genuine = syntheticSid(secret);
  const flipped = Array.from({ length: 32 }, (_, digit) => {
    const [before, after] = [genuine.slice(0, digit + 2), genuine.slice(digit + 3)];
    return before + (genuine[digit + 2] === '0' ? '1' : '0') + after;
  });
  const others = [
    syntheticSid('another token'),
    `CA${'a1'.repeat(16)}`,
    '',
    'CA',
    genuine.toUpperCase(),
    `${genuine}0`,
  ];
  for (const sid of [...flipped, ...others]) expect(isSynthetic(sid)).toBe(false);
});

test('a call from the browser is known as one, and is no synthetic one, nor the other way round', () => {
  const isPhone = createPhoneCheck(['the one before', secret]);
  const [phone, synthetic] = [phoneSid(secret), syntheticSid(secret)];
  expect([isPhone(phone), isSynthetic(phone)]).toEqual([true, false]);
  expect([isPhone(synthetic), isSynthetic(synthetic)]).toEqual([false, true]);
  expect(isPhone(phoneSid('another token'))).toBe(false);
});
