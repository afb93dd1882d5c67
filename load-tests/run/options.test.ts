import { expect, test } from 'vitest';
import { readOptions, UsageError } from './options.ts';

const refusal = (...args: string[]): string => {
  try {
    readOptions(args);
  } catch (error) {
    if (error instanceof UsageError) return error.message.split('\n')[0] ?? '';
    throw error;
  }
  return 'taken';
};

test('a scenario alone has its own defaults', () => {
  expect(readOptions(['smoke'])).toMatchObject({
    scenario: 'smoke',
    calls: 36,
    generators: 1,
    target: null,
    calibrates: true,
  });
});

test('a staging is called with its token, and nothing is started for it', () => {
  const { target } = readOptions(['smoke', '--target', 'https://staging.example.com/', '--token', 'secret']);
  expect(target).toMatchObject({ url: 'https://staging.example.com', token: 'secret' });
  expect(refusal('smoke', '--target', 'https://staging.example.com')).toMatch('--token');
  expect(refusal('smoke', '--token', 'x')).toMatch('belong to a --target');
  expect(refusal('chaos', '--target', 'https://staging.example.com', '--token', 'x')).toMatch('local stack only');
});

test('what is wrong is named with its value', () => {
  expect(refusal()).toMatch('npm run load -- SCENARIO');
  expect(refusal('smok')).toMatch('no such scenario: smok');
  expect(refusal('smoke', '--calls', '1.5')).toMatch('--calls 1.5');
  expect(refusal('smoke', '--minutes', '0')).toMatch('--minutes 0');
  expect(refusal('smoke', '--generators', 'two')).toMatch('--generators two');
  expect(refusal('smoke', '--remote-write', 'prometheus:9090')).toMatch('http:// or https://');
  expect(refusal('smoke', '--unknown')).toMatch('--unknown');
});
