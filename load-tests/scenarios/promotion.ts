import { usualLimits } from '../lib/limits.ts';
import { PromotionCrowd } from '../lib/promotion-crowd.ts';
import type { K6Data } from '../lib/report.ts';
import { optionsOf, play, type Scenario, summarize } from '../lib/scenario.ts';

/** Far more callers than there is room for, all at once; those who are answered must not notice. */
const scenario: Scenario = {
  name: 'promotion',
  defaults: { calls: 100, runMs: 180_000, talkMs: 25_000, bargeIns: 0.05, goodbyes: 0.2 },
  thresholds: ({ calls }) => ({ ...usualLimits(), aida_waited: [`count>=${calls}`] }),
  crowd: ({ runMs }, { calls }) => new PromotionCrowd(calls, runMs),
};

export const options = optionsOf(scenario);
export default (): Promise<void> => play(scenario);
export const handleSummary = (data: K6Data): Record<string, string> => summarize(scenario, data);
