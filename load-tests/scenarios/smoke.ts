import { SteadyCrowd } from '../lib/crowds.ts';
import { usualLimits } from '../lib/limits.ts';
import type { K6Data } from '../lib/report.ts';
import { optionsOf, play, type Scenario, summarize } from '../lib/scenario.ts';

/** A few callers who do everything once: talk, interrupt, press keys, say goodbye. */
const scenario: Scenario = {
  name: 'smoke',
  defaults: { calls: 6, runMs: 20_000, talkMs: 15_000, bargeIns: 0.8, goodbyes: 0.5, keys: 0.2, allStatuses: true },
  thresholds: ({ calls }) => ({ ...usualLimits({ answers: calls }), aida_barge_in: ['p(95)<1000'] }),
  crowd: (_settings, { calls }) => new SteadyCrowd(() => calls),
};

export const options = optionsOf(scenario);
export default (): Promise<void> => play(scenario);
export const handleSummary = (data: K6Data): Record<string, string> => summarize(scenario, data);
