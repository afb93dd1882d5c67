import { SteadyCrowd } from '../lib/crowds.ts';
import { withOrders } from '../lib/hooks.ts';
import { usualLimits } from '../lib/limits.ts';
import type { K6Data } from '../lib/report.ts';
import { optionsOf, play, type Scenario, summarize } from '../lib/scenario.ts';

/** A node dies three times: whoever spoke with it is spoken with again, and what was being said may be lost. */
const scenario: Scenario = {
  name: 'chaos',
  defaults: { calls: 30, runMs: 90_000, talkMs: 60_000, bargeIns: 0.1 },
  thresholds: () => {
    const { aida_ok, aida_first_word, aida_silence, aida_turns } = usualLimits({ failedShareMax: 0.02 });
    return {
      ...{ aida_ok, aida_first_word, aida_silence, aida_turns },
      aida_dead_air: ['max<12000'],
      aida_resumed: ['count>=1'],
      aida_words_wrong: ['count==0'],
      aida_frames_repeated: ['count==0'],
    } as Record<string, string[]>;
  },
  crowd: (settings, { index, calls }) =>
    withOrders(
      new SteadyCrowd(() => calls),
      [0.25, 0.5, 0.75].map((at) => ({ at, path: '/kill' as const })),
      settings,
      index === 0,
    ),
};

export const options = optionsOf(scenario);
export default (): Promise<void> => play(scenario);
export const handleSummary = (data: K6Data): Record<string, string> => summarize(scenario, data);
