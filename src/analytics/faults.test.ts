import { expect, test } from 'vitest';
import { DirectoryError } from '../directory/errors.ts';
import { isTransient } from './faults.ts';

const withCode = (code: string) => Object.assign(new Error('of the database'), { code });

test.each([
  '08006',
  '28P01',
  '3D000',
  '40001',
  '40P01',
  '42P01',
  '53300',
  '55P03',
  '57P01',
  '57014',
  '58030',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
])('%s may pass', (code) => expect(isTransient(withCode(code))).toBe(true));

test.each(['22021', '22P02', '23502', '23514'])('%s is the fact’s own fault', (code) => {
  expect(isTransient(withCode(code))).toBe(false);
});

test('what has no code is judged by its words', () => {
  for (const words of [
    'Connection terminated unexpectedly',
    'Query read timeout',
    'timeout exceeded when trying to connect',
  ]) {
    expect(isTransient(new Error(words))).toBe(true);
  }
  expect(isTransient(new TypeError('cannot read properties of undefined'))).toBe(false);
  expect(isTransient('a string')).toBe(false);
});

test('the directory says by itself what may pass', () => {
  expect(isTransient(new DirectoryError('unavailable', ''))).toBe(true);
  expect(isTransient(new DirectoryError('script', ''))).toBe(false);
});
