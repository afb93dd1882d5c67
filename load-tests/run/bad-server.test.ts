import { afterEach, describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { type Badness, type BadServer, startBadServer } from './bad-server.fixture.ts';
import { runLoadCommand } from './command.fixture.ts';

const servers: BadServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const calls = 4;
/** What each badness is counted as. */
const failures: Record<Badness, string[]> = {
  late: ['webhook_late'],
  silent: ['webhook_late'],
  wrong: ['webhook_twiml'],
  refusing: ['stream_refused'],
  mute: ['no_first_word'],
  dying: ['stream_broken', 'webhook_unreachable'],
};

async function callAt(badness: Badness) {
  const server = await startBadServer(badness);
  servers.push(server);
  const args = ['--target', server.url, '--token', 'secret', '--calls', String(calls), '--minutes', '0.05'];
  return runLoadCommand('smoke', ...args, '--no-calibration');
}

describe.skipIf(await lacksPart('k6'))('a server that is bad', () => {
  test.concurrent.each(Object.keys(failures) as Badness[])(
    '%s: the run ends by itself with the count of it, and tells no figure from too few samples',
    async (badness) => {
      const { code, result, junit, output } = await callAt(badness);
      const { failed, started } = result.summary.calls;
      expect({ code, verdict: result.verdict }, output).toEqual({ code: 1, verdict: 'failed' });
      expect(started).toBeGreaterThanOrEqual(calls);
      const expected = failures[badness].reduce((sum, why) => sum + (failed[why] ?? 0), 0);
      expect({ expected, failed }).toEqual({ expected: started, failed });
      const silence = result.thresholds.find(({ name }) => name.startsWith('aida_silence '));
      expect(silence).toMatchObject({ samples: 0, isThin: true, value: null });
      expect(result.summary.trends.aida_silence?.p95 ?? null).toBeNull();
      expect(junit).toContain('aida_ok rate');
      expect(output).toMatch(/^aida_silence p\(95\)\S+ +nothing /m);
    },
  );
});
