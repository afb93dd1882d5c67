import { SteadyCrowd } from '../lib/crowds.ts';
import { usualLimits } from '../lib/limits.ts';
import type { K6Data } from '../lib/report.ts';
import { optionsOf, play, type Scenario, summarize } from '../lib/scenario.ts';

/** One level of a ramp: so many callers who take turns, nobody interrupts and nobody presses a key. */
const scenario: Scenario = {
  name: 'ramp',
  defaults: { calls: 20, runMs: 60_000, talkMs: 45_000 },
  thresholds: () => usualLimits(),
  crowd: (_settings, { calls }) => new SteadyCrowd(() => calls),
};

export const options = optionsOf(scenario);
export default (): Promise<void> => play(scenario);
export const handleSummary = (data: K6Data): Record<string, string> => summarize(scenario, data);
