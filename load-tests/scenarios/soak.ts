import { SteadyCrowd } from '../lib/crowds.ts';
import { usualLimits } from '../lib/limits.ts';
import type { K6Data } from '../lib/report.ts';
import { optionsOf, play, type Scenario, summarize } from '../lib/scenario.ts';

/** The same load for long, by people who interrupt, press keys and say goodbye, on lines that jitter. */
const scenario: Scenario = {
  name: 'soak',
  defaults: {
    calls: 40,
    runMs: 1_800_000,
    talkMs: 120_000,
    bargeIns: 0.1,
    goodbyes: 0.3,
    keys: 0.02,
    jitterMsMax: 40,
    allStatuses: true,
  },
  thresholds: () => ({ ...usualLimits({ failedShareMax: 0.001 }), aida_barge_in: ['p(95)<1000'] }),
  crowd: (_settings, { calls }) => new SteadyCrowd(() => calls),
};

export const options = optionsOf(scenario);
export default (): Promise<void> => play(scenario);
export const handleSummary = (data: K6Data): Record<string, string> => summarize(scenario, data);
