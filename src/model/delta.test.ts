import fc from 'fast-check';
import { expect, test } from 'vitest';
import { looksLikeDelta, parseDelta, readDelta, sliceDelta, type AudioDelta } from './delta.ts';

function empty(): AudioDelta {
  return { responseId: '', itemId: '', payload: '', bytes: 0 };
}

const audio = (length: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff)).toString('base64');

const event = (payload: string) => ({
  type: 'response.output_audio.delta',
  event_id: 'event_B1x',
  response_id: 'resp_1',
  item_id: 'item_A',
  output_index: 0,
  content_index: 0,
  delta: payload,
});

test('a delta is cut out without parsing, whatever its length', () => {
  for (const length of [1, 2, 3, 159, 160, 161, 480, 4799, 4800, 4801]) {
    const into = empty();
    const message = Buffer.from(JSON.stringify(event(audio(length))));
    expect(looksLikeDelta(message)).toBe(true);
    expect(sliceDelta(message, into)).toBe(true);
    expect(into).toEqual({ responseId: 'resp_1', itemId: 'item_A', payload: audio(length), bytes: length });
  }
});

test('an event id before the type, obfuscation behind it: still cut', () => {
  const { type, event_id, ...rest } = event(audio(160));
  const message = Buffer.from(JSON.stringify({ event_id, type, ...rest, obfuscation: 'aX9' }));
  const into = empty();
  expect(looksLikeDelta(message)).toBe(true);
  expect(sliceDelta(message, into)).toBe(true);
});

test('other shapes go to the parser and give the same', () => {
  const into = empty();
  const spaced = Buffer.from(JSON.stringify(event(audio(320)), null, 1));
  expect(sliceDelta(spaced, into)).toBe(null);
  expect(readDelta(spaced, into)).toBe(true);
  expect(into.bytes).toBe(320);
  const escaped = Buffer.from(JSON.stringify(event(Buffer.alloc(160, 0xff).toString('base64'))).replaceAll('/', '\\/'));
  expect(sliceDelta(escaped, into)).toBe(null);
  expect(readDelta(escaped, into)).toBe(true);
  expect(into.payload).toBe(Buffer.alloc(160, 0xff).toString('base64'));
});

test('what is no audio is refused', () => {
  for (const payload of ['', 'ab', 'a-_=', '====', 'ab=c', 'AAA\u0141', 'AAAA AAA']) {
    expect(readDelta(Buffer.from(JSON.stringify(event(payload))), empty()), payload).toBe(false);
  }
});

const keys = [
  'type',
  'event_id',
  'response_id',
  'item_id',
  'output_index',
  'content_index',
  'delta',
  'obfuscation',
  'x',
];

/** Messages near a real one: keys moved, dropped, doubled, foreign; strings with any character; bytes changed. */
const nearby = fc
  .tuple(
    fc.oneof(fc.shuffledSubarray(keys, { minLength: 4 }), fc.shuffledSubarray(keys.slice(0, 7), { minLength: 7 })),
    fc.uint8Array({ maxLength: 40 }),
    fc.oneof({ weight: 3, arbitrary: fc.constant('item_A') }, fc.string({ unit: 'binary', maxLength: 6 })),
    fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, fc.string({ maxLength: 8 })),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 2 }),
  )
  .map(([order, bytes, itemId, garbage, changes]) => {
    const values: Record<string, unknown> = {
      ...event(garbage ?? Buffer.from(bytes).toString('base64')),
      item_id: itemId,
      obfuscation: 'q',
      x: [1],
    };
    const message = Buffer.from(`{${order.map((key) => `"${key}":${JSON.stringify(values[key])}`).join(',')}}`);
    for (const [at, value] of changes) if (at < message.length) message[at] = value;
    return message;
  });

test('the slice and the parser give the same answer', () => {
  let sliced = 0;
  fc.assert(
    fc.property(nearby, (message) => {
      const cut = empty();
      const parsed = empty();
      const answer = sliceDelta(message, cut);
      if (answer === null) return;
      sliced++;
      expect(answer).toBe(parseDelta(message, parsed));
      expect(cut).toEqual(parsed);
    }),
    { numRuns: 20_000 },
  );
  expect(sliced).toBeGreaterThan(1000);
});
