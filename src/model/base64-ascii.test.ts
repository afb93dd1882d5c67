import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asciiOf, decodeAscii, encodeAscii } from './base64-ascii.ts';

const ascii = asciiOf(2_000);

function decoded(text: string, at: number): Buffer | null {
  ascii.bytes.fill(0x41);
  ascii.bytes.set(Buffer.from(text, 'latin1'), at);
  const into = new Uint8Array(2_000);
  const length = decodeAscii(ascii, at, at + text.length, into);
  return length < 0 ? null : Buffer.from(into.subarray(0, length));
}

const audio = fc.uint8Array({ minLength: 1, maxLength: 900 });
const even = fc.nat(100).map((at) => at * 2);

test('every length is written and read as everybody does', () => {
  fc.assert(
    fc.property(audio, even, fc.nat(40), (bytes, at, from) => {
      const text = Buffer.from(bytes).toString('base64');
      expect(decoded(text, at)).toEqual(Buffer.from(bytes));
      const framed = new Uint8Array(from + bytes.length + 3).fill(0xee);
      framed.set(bytes, from);
      ascii.bytes.fill(0);
      const end = encodeAscii(framed, from, from + bytes.length, ascii, at);
      expect(Buffer.from(ascii.bytes).toString('latin1', at, end)).toBe(text);
      expect(ascii.bytes[end]).toBe(0);
    }),
    { numRuns: 2_000 },
  );
});

test('one character of another alphabet, or one too many, and it is no base64', () => {
  const texts = [Buffer.alloc(160, 0x7e), Buffer.alloc(161, 0x7e), Buffer.alloc(162, 0x7e)].map((bytes) =>
    bytes.toString('base64'),
  );
  for (const text of texts) {
    const chars = text.replaceAll('=', '').length;
    for (let at = 0; at < chars; at++) {
      for (const foreign of ['-', '_', '"', '\\', ' ', '\0', '\u00ff', '=']) {
        const isPadding = foreign === '=' && at === chars - 1 && text.length - chars < 2;
        if (!isPadding) expect(decoded(text.slice(0, at) + foreign + text.slice(at + 1), 8)).toBeNull();
      }
    }
    for (const wrong of [`${text}A`, text.slice(1), text.slice(0, -1), `${text}====`]) {
      expect(decoded(wrong, 8)).toBeNull();
    }
  }
  for (const wrong of ['', '=', '====', 'A===', '=AAA', 'AA=A']) expect(decoded(wrong, 8)).toBeNull();
});

test('bits that belong to no byte change nothing', () => {
  expect(decoded('/x==', 0)).toEqual(Buffer.from('/x==', 'base64'));
  expect(decoded('//9=', 0)).toEqual(Buffer.from('//9=', 'base64'));
});
