import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { traceOf } from './trace-ids.ts';

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
