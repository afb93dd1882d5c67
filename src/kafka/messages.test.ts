import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deadText, readDeadLetter } from './dead-letter.ts';
import { decodeEvent, eventText, traceHeaders } from './messages.ts';
import { schemaFiles } from './schemas.ts';

const DIR = join(import.meta.dirname, '../../docs/schemas');
const fact = {
  callSid: 'CA1',
  epoch: 1_795_350_000_000,
  seq: 3,
  fact: { type: 'carrier.arrived', at: 5, from: '+1', to: '+2', node: 'a' },
} as const;
const edited = (change: object): Buffer => Buffer.from(JSON.stringify({ ...JSON.parse(eventText(fact)), ...change }));

test('the published schemas are what messages are checked by (`npm run schemas` writes them anew)', async () => {
  const stored = await Promise.all(
    (await readdir(DIR)).map(async (name) => [name, await readFile(join(DIR, name), 'utf8')] as const),
  );
  expect(new Map(stored)).toEqual(schemaFiles());
});

test('the trace of a message is the one of its call', () => {
  expect(traceHeaders('CA1').traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(traceHeaders('CA1')).toEqual(traceHeaders('CA1'));
  expect(traceHeaders('CA2')).not.toEqual(traceHeaders('CA1'));
});

describe('a message that is read', () => {
  test('is the fact that was written; what it says besides is left out', () => {
    expect(decodeEvent(Buffer.from(eventText(fact)))).toEqual({ kind: 'fact', fact: expect.objectContaining(fact) });
    expect(decodeEvent(edited({ region: 'eu' })).kind).toBe('fact');
  });

  test.each([
    ['nothing', null, 'not JSON'],
    ['no JSON', Buffer.from('{'), 'not JSON'],
    ['another version', edited({ schemaVersion: 2 }), 'schemaVersion: invalid_value'],
    ['no place', edited({ seq: -1 }), 'seq: too_small'],
    ['a fact without its time', edited({ fact: { type: 'carrier.dtmf', digit: '4' } }), 'fact.at: invalid_type'],
  ])('%s is refused, without its values', (_, bytes, reason) => {
    expect(decodeEvent(bytes)).toEqual({ kind: 'invalid', reason });
  });

  test('of a type that a newer release writes is no fault', () => {
    expect(decodeEvent(edited({ fact: { type: 'caller.sang', at: 1 } }))).toEqual({
      kind: 'unknown',
      type: 'caller.sang',
    });
  });
});

test('a dead letter holds what is needed to bring its message again', () => {
  const message = { key: Buffer.from('CA1'), offset: '17', value: Buffer.from([0, 255, 1]) };
  const text = deadText({ group: 'g', reason: 'x'.repeat(500), topic: 'calls.events', partition: 3, message });
  const letter = readDeadLetter(Buffer.from(text));
  expect(letter).toMatchObject({ group: 'g', topic: 'calls.events', partition: 3, offset: '17', key: 'CA1' });
  expect(Buffer.from(letter?.value ?? '', 'base64')).toEqual(message.value);
  expect(letter?.reason).toHaveLength(200);
  expect(readDeadLetter(Buffer.from('{}'))).toBe(null);
});
