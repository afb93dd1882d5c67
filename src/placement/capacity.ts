/** Why a node takes no more calls than it says. */
export type CapacityReason = 'configured' | 'switched' | 'loop' | 'draining';

export interface CapacityInput {
  /** CALLS_MAX. */
  callsMax: number;
  /** The switch `calls-max`; null where it is not set. */
  switchedMax: number | null;
  /** The event loop has time for another call. */
  isLoopOpen: boolean;
  isDraining: boolean;
  /** Calls here and calls on their way here. */
  held: number;
}

export interface Capacity {
  /** Calls that this node takes at most; 0 for a node that is to end. */
  calls: number;
  reason: CapacityReason;
}

/** The least of all that bounds a node. A loop without time closes at what the node holds: nobody is sent away. */
export function capacityOf({ callsMax, switchedMax, isLoopOpen, isDraining, held }: CapacityInput): Capacity {
  if (isDraining) return { calls: 0, reason: 'draining' };
  const least: Capacity =
    switchedMax !== null && switchedMax < callsMax
      ? { calls: switchedMax, reason: 'switched' }
      : { calls: callsMax, reason: 'configured' };
  return !isLoopOpen && held < least.calls ? { calls: held, reason: 'loop' } : least;
}
