import type { LoadSummary } from '../../../load-tests/lib/summary.ts';
import type { Callers } from './callers/callers.ts';

/** After the time is over callers end between two turns, as long as this; then in the middle. */
const politeMs = 12_000;
/** Callbacks of the last calls, and requests that hang. */
const endMsMax = 20_000;
const tellEveryMs = 5_000;

export interface LoadPlan {
  scenario: string;
  calls: number;
  /** New calls a second. */
  perSecond: number;
  /** All calls are held so long after the last one began. */
  seconds: number;
}

export interface Progress {
  calls: number;
  talking: number;
  waiting: number;
  failed: number;
}

/** The longest that a plan takes, whatever the service does. */
export function boundMsOf({ calls, perSecond, seconds }: LoadPlan): number {
  return (calls / perSecond + seconds) * 1000 + politeMs + endMsMax;
}

/** Calls begin, talk for their time, and hang up. Resolves within {@link boundMsOf}. */
export async function runLoad(
  callers: Callers,
  plan: LoadPlan,
  tell: (progress: Progress) => void = () => undefined,
): Promise<LoadSummary> {
  const before = process.cpuUsage();
  const timer = setInterval(() => {
    const { size, talking, waiting, recorder } = callers;
    tell({ calls: size, talking, waiting, failed: recorder.failed });
  }, tellEveryMs);
  try {
    await callers.dialAll(plan.calls, plan.perSecond);
    await callers.untilOver(plan.seconds * 1000);
    await callers.hangUpAll(politeMs, endMsMax);
  } finally {
    clearInterval(timer);
  }
  const { user, system } = process.cpuUsage(before);
  return { ...callers.summary(plan.scenario), cpu: { callers: (user + system) / 1e6 } };
}
