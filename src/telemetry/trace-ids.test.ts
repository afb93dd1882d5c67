import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { newSpanId, parseTraceparent, streamSpanId, traceOf, traceparentOf } from './trace-ids.ts';

const callSid = 'CA0123456789abcdef0123456789abcdef';

describe('the trace of a call', () => {
  test('is the first 16 bytes of a hash of its CallSid, its root span the next 8', () => {
    const digest = createHash('sha256').update(`aida-trace:${callSid}`).digest();
    expect(traceOf(callSid)).toEqual({
      traceId: digest.subarray(0, 16).toString('hex'),
      spanId: digest.subarray(16, 24).toString('hex'),
    });
  });

  test('is the same wherever it is asked, and another for another call', () => {
    expect(traceOf(callSid)).toEqual(traceOf(callSid));
    expect(traceOf(callSid).traceId).not.toBe(traceOf(`${callSid}0`).traceId);
  });

  test('stays what it was: other programs compute it too', () => {
    expect(traceOf(callSid)).toEqual({ traceId: 'c6930ec8ce70828e1db581d8bfc9b5d7', spanId: '71b2cf5fb8a54c41' });
  });
});

describe('the header of a message', () => {
  test('names a span that is kept', () => {
    const place = { traceId: traceOf(callSid).traceId, spanId: newSpanId() };
    expect(traceparentOf(place)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(parseTraceparent(traceparentOf(place))).toEqual(place);
  });

  test.each([
    ['not kept', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`],
    ['no trace', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`],
    ['no span', `00-${'a'.repeat(32)}-${'0'.repeat(16)}-01`],
    ['a version that never comes', `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`],
    ['anything', 'hello'],
  ])('%s', (_, text) => {
    expect(parseTraceparent(text)).toBeNull();
  });
});

test('a stream has one span, which is not the span of another', () => {
  expect(streamSpanId(callSid, 'MZ1')).toMatch(/^[0-9a-f]{16}$/);
  expect(streamSpanId(callSid, 'MZ1')).toBe(streamSpanId(callSid, 'MZ1'));
  expect(streamSpanId(callSid, 'MZ2')).not.toBe(streamSpanId(callSid, 'MZ1'));
  expect(streamSpanId('CA2', 'MZ1')).not.toBe(streamSpanId(callSid, 'MZ1'));
});
