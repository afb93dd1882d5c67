/** One level of load. */
export interface Step {
  calls: number;
  /** Of the calls that were begun. */
  failedShare: number;
  /** Silence before an answer, ms; null with too few samples. */
  p95Ms: number | null;
  /** What the nodes used, in cores. */
  nodeCores: number | null;
  /** The rig could not tell at this level. */
  isVoid: boolean;
}

/** Where it begins to hurt. */
export interface Knee {
  steps: readonly Step[];
  /** The most calls that were carried well; null where not even the first level was. */
  calls: number | null;
  /** Of one core of the nodes. */
  callsPerCore: number | null;
  /** What the next level broke; null where all were carried: the knee lies beyond. */
  broken: string | null;
}

/** More calls failed than this share, or the 95th percentile is so much worse than unloaded: beyond the knee. */
export const kneeRule = { failedShareMax: 0.005, slowerMax: 0.25 } as const;

/** The first step is the unloaded one. Steps after one that was not carried do not count. */
export function kneeOf(steps: readonly Step[], cores: number): Knee {
  const unloadedMs = steps[0]?.p95Ms ?? null;
  let calls: number | null = null;
  let broken: string | null = null;
  for (const step of steps) {
    broken = breaks(step, unloadedMs);
    if (broken !== null) break;
    calls = step.calls;
  }
  return { steps, calls, callsPerCore: calls === null ? null : calls / cores, broken };
}

function breaks({ calls, failedShare, p95Ms, isVoid }: Step, unloadedMs: number | null): string | null {
  if (failedShare > kneeRule.failedShareMax) return `at ${calls} calls ${(100 * failedShare).toFixed(1)} % failed`;
  if (p95Ms === null || unloadedMs === null) return `at ${calls} calls there were too few answers to tell`;
  if (p95Ms > unloadedMs * (1 + kneeRule.slowerMax))
    return `at ${calls} calls p95 is ${Math.round(p95Ms)} ms, unloaded ${Math.round(unloadedMs)} ms`;
  return isVoid ? `at ${calls} calls the rig is the bottleneck` : null;
}

export function kneeWords({ calls, callsPerCore, broken }: Knee): string {
  if (calls === null) return `No knee: ${broken}.`;
  const perCore = callsPerCore === null ? '' : ` (${Math.round(callsPerCore)} per core)`;
  return broken === null ? `Knee: beyond ${calls} calls${perCore}.` : `Knee: ${calls} calls${perCore}; ${broken}.`;
}
