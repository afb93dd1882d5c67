import type * as NodeCrypto from 'node:crypto';
import { scryptSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import {
  hashPassword,
  isDated,
  isPassword,
  PasswordsBusyError,
  passwordFault,
  temporaryPassword,
} from './passwords.ts';

const { costs, price } = vi.hoisted(() => ({ costs: [] as object[], price: { isReal: true } }));
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof NodeCrypto>();
  const scrypt = (...[password, salt, bytes, options, done]: Parameters<typeof crypto.scrypt>): void => {
    const { N, r, p } = options;
    costs.push({ N, r, p, bytes });
    crypto.scrypt(password, salt, bytes, price.isReal ? options : { N: 16, r: 1, p: 1 }, done);
  };
  return { ...crypto, scrypt };
});

/** Cheap, as an older release may have stored it. */
function stored(password: string): string {
  const salt = Buffer.from('a salt of some bytes');
  const hash = scryptSync(password.normalize('NFKC'), salt, 32, { N: 2 ** 4, r: 1, p: 1 });
  return ['scrypt', 4, 1, 1, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

test('it is the same password, however its letters are composed, and with whatever parameters it was stored', async () => {
  const old = stored('Ünïcödé tea');
  expect(await isPassword('U\u0308ni\u0308co\u0308de\u0301 tea', old)).toBe(true);
  const long = '🐶'.repeat(200);
  expect([passwordFault(long, 'mara'), await isPassword(long, stored(long))]).toEqual([null, true]);
  for (const wrong of ['Unicode tea', '', 'Ünïcödé te', 'Ünïcödé tea '])
    expect(await isPassword(wrong, old)).toBe(false);
  expect([isDated(old), isDated(await hashPassword('x'))]).toEqual([true, false]);
});

test.each(['', 'none', 'scrypt$4$1$1$$', 'plain text', 'scrypt$99$8$1$AA$AA'])(
  'nothing is the password of %j',
  async (row) => {
    price.isReal = false;
    expect(await isPassword('', row)).toBe(false);
    expect(await isPassword('none', row)).toBe(false);
  },
);

test('nobody’s costs what somebody’s costs: the answer does not tell whether there is an account', async () => {
  price.isReal = false;
  const row = await hashPassword('y');
  costs.length = 0;
  expect([await isPassword('x', null), await isPassword('x', row), await isPassword('x', 'spoiled')]).toEqual([
    false,
    false,
    false,
  ]);
  expect(costs).toEqual(Array.from({ length: 3 }, () => ({ N: 2 ** 15, r: 8, p: 3, bytes: 32 })));
});

test('more at once than may wait are told so, and all others are answered', async () => {
  const row = stored('x');
  const all = await Promise.allSettled(Array.from({ length: 60 }, () => isPassword('x', row)));
  const refused = all.filter((each) => each.status === 'rejected');
  expect(refused).toHaveLength(60 - 34);
  for (const { reason } of refused) expect(reason).toBeInstanceOf(PasswordsBusyError);
  expect(all.every((each) => each.status === 'rejected' || each.value)).toBe(true);
  expect(await isPassword('x', row)).toBe(true);
});

test('passwords to begin with differ', () => {
  expect(new Set(Array.from({ length: 1_000 }, temporaryPassword)).size).toBe(1_000);
});

test.each([
  ['short', 'Take 10 characters or more.'],
  ['🙂'.repeat(9), 'Take 10 characters or more.'],
  ['x'.repeat(201), 'Take 200 characters or fewer.'],
  ['my name is Mara!', 'Leave your name out of it.'],
  ['aaaaaaaaaaaa', 'This one is among'],
  ['1234567890', 'This one is among'],
  ['Password123', 'This one is among'],
  ['qwertyuiop', 'This one is among'],
])('%j is no password: %s', (password, why) => {
  expect(passwordFault(password, 'mara')).toContain(why);
});

test.each(['seven green llamas', '🙂🐶☕️ in the rain', 'correct horse battery'])('%j is one', (password) => {
  expect(passwordFault(password, 'mara')).toBeNull();
});
