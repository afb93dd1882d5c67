import { afterAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { BOUND_MS, call, closeServers, listening, SLOW } from './bad-servers.fixture.ts';

const runSecondsMax = 90;

afterAll(closeServers);

describe.skipIf(await lacksPart('k6'))('a bad server costs a run at most a minute and a half', () => {
  for (const [name, { server, why }] of Object.entries(SLOW)) {
    test.concurrent(
      `one that ${name}`,
      async () => {
        const { calls, seconds } = await call(await listening(server()));
        expect(calls.failed).toEqual({ [why]: calls.started });
        expect(seconds).toBeLessThan(runSecondsMax);
      },
      BOUND_MS,
    );
  }
});
