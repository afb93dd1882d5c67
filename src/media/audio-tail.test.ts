import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AudioTail } from './audio-tail.ts';

function contents({ bytes, from, to }: AudioTail): Buffer {
  return Buffer.from(bytes.subarray(from, to));
}

const step = fc.oneof(
  { weight: 9, arbitrary: fc.record({ push: fc.oneof(fc.constant(160), fc.integer({ min: 1, max: 20_000 })) }) },
  { weight: 2, arbitrary: fc.record({ fill: fc.integer({ min: 1, max: 12_000 }) }) },
  { weight: 1, arbitrary: fc.record({ limit: fc.constantFrom(3_200, 80_000) }) },
  { weight: 1, arbitrary: fc.constant({ clear: true }) },
);

test('keeps the newest bytes, whatever comes, and counts the others', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      // Another call has its own bytes meanwhile.
      const other = new AudioTail(80_000);
      const tail = new AudioTail(80_000);
      let expected = Buffer.alloc(0);
      let max = 80_000;
      let value = 0;
      for (const one of steps) {
        other.fill(255, 100);
        value = (value + 1) % 250;
        if ('clear' in one) {
          tail.clear();
          expected = Buffer.alloc(0);
        } else if ('limit' in one) {
          max = one.limit;
          tail.limit(max);
          expected = expected.subarray(Math.max(0, expected.length - max));
        } else {
          const size = 'push' in one ? one.push : one.fill;
          const left = Math.max(0, Math.min(expected.length, max - size));
          const audio = new Uint8Array(size).fill(value);
          const dropped = 'push' in one ? tail.push(audio) : tail.fill(value, size);
          expect(dropped).toBe(expected.length - left);
          expected = Buffer.concat([expected.subarray(expected.length - left), audio]);
        }
        expect(contents(tail).equals(expected)).toBe(true);
      }
      expect(contents(other).every((byte) => byte === 255)).toBe(true);
      tail.clear();
      other.clear();
    }),
    { numRuns: 200 },
  );
});

test('a buffer grows with what is kept, and serves the next call', () => {
  const tail = new AudioTail(80_000);
  tail.fill(1, 160);
  expect(tail.bytes.length).toBe(6_400);
  const sizes = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    tail.fill(1, 160);
    sizes.add(tail.bytes.length);
  }
  expect([...sizes]).toEqual([6_400, 12_800, 25_600, 51_200, 102_400]);
  const large = tail.bytes;
  tail.limit(3_200);
  expect(tail.bytes.length).toBe(6_400);
  const small = tail.bytes;
  tail.clear();
  expect(tail.bytes.length).toBe(0);
  const next = new AudioTail(80_000);
  next.fill(2, 160);
  expect(next.bytes).toBe(small);
  next.fill(2, 60_000);
  expect(next.bytes).toBe(large);
  next.clear();
});

test('of the buffers that nobody uses only some are kept', () => {
  const tails = Array.from({ length: 400 }, () => new AudioTail(3_200));
  for (const tail of tails) tail.fill(1, 160);
  const first = new Set(tails.map(({ bytes }) => bytes));
  expect(first.size).toBe(400);
  for (const tail of tails) tail.clear();
  for (const tail of tails) tail.fill(1, 160);
  expect(tails.filter(({ bytes }) => first.has(bytes)).length).toBe(Math.floor(1_000_000 / 6_400));
  for (const tail of tails) tail.clear();
});
