import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameCutter } from './cutter.ts';

function ramp(length: number, from: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i + from) % 251));
}

/** Feeds deltas, returns the pieces that came out, decoded. */
function cut(lengths: readonly number[], flush = true): { sent: Buffer; pieces: Buffer[] } {
  const pieces: Buffer[] = [];
  const sent: Buffer[] = [];
  const cutter = new FrameCutter((payload, ms) => {
    const piece = Buffer.from(payload, 'base64');
    expect(piece.toString('base64')).toBe(payload);
    expect(piece.length).toBe(ms * 8);
    pieces.push(piece);
  });
  let total = 0;
  for (const length of lengths) {
    const audio = ramp(length, total);
    sent.push(audio);
    total += length;
    cutter.push(audio.toString('base64'), length);
  }
  if (flush) cutter.flush();
  return { sent: Buffer.concat(sent), pieces };
}

function check(lengths: readonly number[]): void {
  const { sent, pieces } = cut(lengths);
  const out = Buffer.concat(pieces);
  const padded = Buffer.alloc(Math.ceil(sent.length / 160) * 160, 0xff);
  sent.copy(padded);
  expect(out.equals(padded)).toBe(true);
  for (const piece of pieces) {
    expect(piece.length % 160).toBe(0);
    expect(piece.length).toBeLessThanOrEqual(4800);
  }
}

test('deltas of every length mod 480, alone and one after the other', () => {
  for (let length = 1; length <= 480; length++) {
    check([length]);
    check([4800 + length, length, 9600]);
    check([length, 480 - length || 480, length]);
  }
});

test('any sequence of deltas comes out byte by byte, in whole frames of at most 600 ms', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 15_000 }), { minLength: 1, maxLength: 8 }), check), {
    numRuns: 300,
  });
});

test('what fills no frame waits for the next delta', () => {
  expect(cut([100], false).pieces).toEqual([]);
  expect(cut([100, 60], false).pieces).toHaveLength(1);
  expect(cut([170, 100], false).pieces.map((piece) => piece.length)).toEqual([160]);
});

test('aligned deltas pass unchanged', () => {
  const seen: string[] = [];
  const cutter = new FrameCutter((payload) => seen.push(payload));
  const audio = ramp(1600, 0).toString('base64');
  cutter.push(audio, 1600);
  cutter.flush();
  expect(seen).toEqual([audio]);
});
