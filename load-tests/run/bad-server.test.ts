import { describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { type Badness, startBadServer } from './bad-server.fixture.ts';
import { runLoadCommand } from './command.fixture.ts';
import { exitCodes } from './verdict.ts';

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

async function callAt(badness: Badness, minutes = '0.05', interruptAt: string | null = null) {
  const server = await startBadServer(badness);
  const args = ['--target', server.url, '--token', 'secret', '--calls', String(calls), '--minutes', minutes];
  try {
    return await runLoadCommand('smoke', [...args, '--no-calibration'], interruptAt === null ? null : { interruptAt });
  } finally {
    await server.close();
  }
}

describe.skipIf(await lacksPart('k6'))('a server that is bad', () => {
  test.concurrent.each(Object.keys(failures) as Badness[])(
    '%s: the run ends by itself with the count of it, and tells no figure from too few samples',
    async (badness) => {
      const { code, result, junit, output } = await callAt(badness);
      const { failed, started } = result.summary.calls;
      // Where the machine that runs tests is too busy, the rig says so as well.
      expect([exitCodes.failed, exitCodes.void], output).toContain(code);
      expect(result.reasons).toContain('aida_ok rate>0.995: 0');
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

  test.concurrent('Ctrl-C hangs up, and tells what there was until then', async () => {
    // The first line of progress comes when callers have called for 15 s, of which nobody had a word until then.
    const { code, result } = await callAt('mute', '10', ' calls begun');
    expect({ code, verdict: result.verdict }).toEqual({ code: 130, verdict: 'void' });
    expect(result.reasons).toContain('it was interrupted');
    expect(result.summary.calls.started).toBeGreaterThanOrEqual(calls);
  });
});
