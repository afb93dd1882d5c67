import { expect, test } from 'vitest';
import { readSettings } from './settings.ts';

const given = { TARGET: 'https://voice.example.com/', TOKEN: 'secret' };

test('what is told stands above what the scenario says, and that above the rest', () => {
  const settings = readSettings(
    { ...given, CALLS: '7', HOSTS: '{"https://voice.example.com":["127.0.0.1:1","127.0.0.1:2"]}', LOSS: '0.5' },
    { calls: 40, bargeIns: 0.25, runMs: 5_000 },
  );
  expect(settings).toMatchObject({
    target: 'https://voice.example.com',
    calls: 7,
    runMs: 5_000,
    bargeIns: 0.25,
    loss: 0.5,
    goodbyes: 0,
    hooks: null,
    summaryFile: null,
    hosts: { 'https://voice.example.com': ['127.0.0.1:1', '127.0.0.1:2'] },
  });
});

test('what is missing or makes no sense stops the run, and names itself', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ TOKEN: 'x' }, /^TARGET=:/],
    [{ TARGET: 'voice.example.com', TOKEN: 'x' }, /^TARGET=voice/],
    [{ TARGET: 'https://voice.example.com/voice', TOKEN: 'x' }, /^TARGET=/],
    [{ TARGET: 'https://voice.example.com' }, /^TOKEN/],
    [{ ...given, CALLS: 'many' }, /^CALLS=many/],
    [{ ...given, LOSS: '1.5' }, /^LOSS=1.5: 0 to 1/],
    [{ ...given, SECONDS: '0' }, /^SECONDS=0/],
    [{ ...given, HOSTS: '{"https://a":"nowhere"}' }, /^HOSTS=/],
    [{ ...given, HOSTS: 'x' }, /^HOSTS=x/],
  ];
  for (const [env, message] of wrong) expect(() => readSettings(env, {})).toThrow(message);
});
