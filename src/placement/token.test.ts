import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkToken, issueToken } from './token.ts';

const SECRET = 'secret-of-sixteen-characters';
const callSid = `CA${'1'.repeat(32)}`;
const epoch = 1_763_827_200_123;
const expiresAt = epoch + 60_000;
const token = issueToken({ callSid, epoch, expiresAt }, SECRET);

it('vouches for one call and epoch until it expires', () => {
  expect(checkToken(token, callSid, epoch, SECRET)).toEqual({ ok: true, epoch });
  expect(checkToken(token, callSid, expiresAt - 1, SECRET)).toEqual({ ok: true, epoch });
  expect(checkToken(token, callSid, expiresAt, SECRET)).toEqual({ ok: false, refused: 'token expired' });
  expect(checkToken(token, `CA${'2'.repeat(32)}`, epoch, SECRET)).toEqual({ ok: false, refused: 'token forged' });
  expect(checkToken(token, callSid, epoch, `${SECRET}!`)).toEqual({ ok: false, refused: 'token forged' });
});

it('is short, names no secret and no call', () => {
  expect(`token${token}`.length).toBeLessThan(500);
  expect(token).not.toContain(callSid);
});

it.each(['', '.', 'a.b.c', `${token}a`, token.slice(1), `${token}\n`, token.replace('.', '..'), 'x'.repeat(10_000)])(
  'refuses %j',
  (given) => {
    expect(checkToken(given, callSid, epoch, SECRET).ok).toBe(false);
  },
);

it('refuses every token in which one character is another one', () => {
  fc.assert(
    fc.property(
      fc.nat(token.length - 1),
      fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
      (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(checkToken(changed, callSid, epoch, SECRET).ok).toBe(false);
      },
    ),
    { numRuns: 1_000 },
  );
});
