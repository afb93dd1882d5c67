import { SteadyCrowd } from '../lib/crowds.ts';
import { withOrders } from '../lib/hooks.ts';
import { usualLimits } from '../lib/limits.ts';
import type { K6Data } from '../lib/report.ts';
import { optionsOf, play, type Scenario, summarize } from '../lib/scenario.ts';

/** Every node is replaced while people call: nobody loses a word. */
const scenario: Scenario = {
  name: 'deploy',
  defaults: { calls: 30, runMs: 90_000, talkMs: 60_000, bargeIns: 0.1, goodbyes: 0.2 },
  thresholds: () => ({ ...usualLimits(), aida_dead_air: ['max<6000'] }),
  crowd: (settings, { index, calls }) =>
    withOrders(new SteadyCrowd(() => calls), [{ at: 0.25, path: '/roll' }], settings, index === 0),
};

export const options = optionsOf(scenario);
export default (): Promise<void> => play(scenario);
export const handleSummary = (data: K6Data): Record<string, string> => summarize(scenario, data);
