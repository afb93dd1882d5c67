import { describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { BOUND_MS, callAt, calls, expectCounted } from './bad-run.fixture.ts';

describe.skipIf(await lacksPart('k6'))('a server that is bad', () => {
  test.concurrent.each(['wrong', 'refusing', 'mute', 'dying'] as const)(
    '%s: the run ends by itself with the count of it, and tells no figure from too few samples',
    expectCounted,
    BOUND_MS,
  );

  test.concurrent(
    'Ctrl-C hangs up, and tells what there was until then',
    async () => {
      // The first line of progress comes when callers have called for 15 s, of which nobody had a word until then.
      const { code, result } = await callAt('mute', '10', ' calls begun');
      expect({ code, verdict: result.verdict }).toEqual({ code: 130, verdict: 'void' });
      expect(result.reasons).toContain('it was interrupted');
      expect(result.summary.calls.started).toBeGreaterThanOrEqual(calls);
    },
    BOUND_MS,
  );
});
