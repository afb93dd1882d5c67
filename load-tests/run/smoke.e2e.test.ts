import { describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { runLoadCommand } from './command.fixture.ts';
import { exitCodes, interferenceMax } from './verdict.ts';

describe.skipIf(await lacksPart('k6'))('npm run load -- smoke, with real k6 against a real stack', () => {
  test('every call goes well, and callers and nodes say the same of it', async () => {
    const { code, output, result, junit, page } = await runLoadCommand('smoke');
    const { summary, verdict, agreements, rig } = result;
    expect(summary.calls, output).toMatchObject({ started: 36, answered: 36, completed: 36, failed: {}, refused: 0 });
    expect(summary.counters.aida_turns ?? 0).toBeGreaterThanOrEqual(36);
    const broken = ['aida_words_wrong', 'aida_words_missing', 'aida_frames_lost', 'aida_frames_repeated'] as const;
    expect(broken.map((name) => summary.counters[name] ?? 0)).toEqual([0, 0, 0, 0]);

    // Nodes that wait for their cores cannot see how long: their times say less than the callers', their counts do not.
    const isFit = (rig.nodesWaited ?? 1) <= interferenceMax;
    const held = agreements?.filter(({ name }) => isFit || !/ (mean|p\d+)$/.test(name));
    expect(
      held?.filter(({ ok }) => !ok),
      output,
    ).toEqual([]);
    const compared = agreements?.map(({ name }) => name) ?? [];
    expect(compared).toEqual(
      expect.arrayContaining([
        ...['calls', 'streams', 'callbacks', 'frames from callers', 'frames to callers', 'marks echoed'],
        ...['aida_first_word', 'aida_silence', 'aida_barge_in', 'aida_webhook'].flatMap((name) =>
          ['samples', 'mean', 'p50', 'p90', 'p95'].map((figure) => `${name} ${figure}`),
        ),
      ]),
    );

    // The machine that runs tests is busy: the rig may say so, and then nothing else.
    expect(code).toBe(exitCodes[verdict]);
    expect(output).toContain(`Verdict: ${verdict}`);
    expect(junit).toContain('<testsuite name="load.smoke"');
    expect(page).toContain('<svg');
  });
});
