import { afterAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { BAD, BOUND_MS, call, closeServers, listening, nobody } from './bad-servers.fixture.ts';

afterAll(closeServers);

describe.skipIf(await lacksPart('k6'))('a bad server costs each call its bounded time, and is told of', () => {
  for (const [name, { server, why, seconds }] of Object.entries(BAD)) {
    test.concurrent(
      `one that ${name}`,
      async () => {
        const { calls, counters, thresholds } = await call(await listening(server()), seconds);
        expect(calls.started).toBeGreaterThanOrEqual(2);
        // Who is still in circles when the run is over hangs up; nobody else can.
        const left = why === 'webhook_loop' ? (counters.aida_left ?? 0) : 0;
        expect(calls.failed).toEqual({ [why]: calls.started - left });
        expect(thresholds.find((rule) => rule.name.startsWith('aida_ok'))?.ok).toBe(false);
        const silence = thresholds.find((rule) => rule.name.startsWith('aida_silence'));
        expect(silence).toMatchObject({ ok: false, value: null });
      },
      BOUND_MS,
    );
  }

  test.concurrent(
    'one that is not there',
    async () => {
      const { calls } = await call(await nobody());
      expect(calls.failed).toEqual({ webhook_unreachable: calls.started });
    },
    BOUND_MS,
  );
});
