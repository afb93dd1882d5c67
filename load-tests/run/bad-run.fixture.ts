import { expect } from 'vitest';
import { type Badness, startBadServer } from './bad-server.fixture.ts';
import { type Ran, runLoadCommand } from './command.fixture.ts';
import { exitCodes } from './verdict.ts';

export const calls = 4;
/** Of a test; a run has bounds of its own, far below. */
export const BOUND_MS = 300_000;
/** What each badness is counted as. Who is late is asked for the fallback, which may take longer, and then says nothing. */
const failures: Record<Badness, string[]> = {
  late: ['webhook_late', 'no_first_word'],
  silent: ['webhook_late'],
  wrong: ['webhook_twiml'],
  refusing: ['stream_refused'],
  mute: ['no_first_word'],
  dying: ['stream_broken', 'stream_unreachable', 'webhook_unreachable'],
};

/** Calls a bad server; `interruptAt`: Ctrl-C once this was written. */
export async function callAt(badness: Badness, minutes = '0.05', interruptAt: string | null = null): Promise<Ran> {
  const server = await startBadServer(badness);
  const args = ['--target', server.url, '--token', 'secret', '--calls', String(calls), '--minutes', minutes];
  try {
    return await runLoadCommand('smoke', [...args, '--no-calibration'], interruptAt === null ? null : { interruptAt });
  } finally {
    await server.close();
  }
}

/** The run ends by itself with the count of what went wrong, and tells no figure from too few samples. */
export async function expectCounted(badness: Badness): Promise<void> {
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
}
