import { admitCaller, leaveCaller } from '../directory/callers.ts';
import type { RedisLink } from '../directory/redis.ts';
import { callerKey } from '../services/caller-number.ts';
import type { IsSynthetic } from '../telemetry/synthetic-sid.ts';

/** What one number may take of the lines. */
export const fairnessLimits = {
  callsMax: 3,
  arrivalsMax: 10,
  windowMs: 600_000,
} as const;

export interface FairnessDeps {
  link: RedisLink;
  /** E.164 numbers that many people share, such as an office's. */
  sharedNumbers(): readonly string[];
  /** Calls that nobody made: one number places them all day long. */
  isSynthetic: IsSynthetic;
}

/** Keeps one number from taking everybody's lines, and blocked numbers from taking any. */
export class Fairness {
  private readonly deps: FairnessDeps;

  constructor(deps: FairnessDeps) {
    this.deps = deps;
  }

  /**
   * Counts a call that arrives. The same call counts once. Asked once: nobody is kept waiting for a count.
   * @throws DirectoryError when Redis did not answer
   */
  async admit(from: string, callSid: string): Promise<'admitted' | 'tooMany' | 'blocked'> {
    const { link, sharedNumbers, isSynthetic } = this.deps;
    const caller = callerKey(from);
    if (caller === null) return 'admitted';
    const exempt = isSynthetic(callSid) || sharedNumbers().includes(caller);
    return admitCaller(link, { caller, callSid, ...fairnessLimits, exempt });
  }

  /**
   * The call is over.
   * @throws DirectoryError when Redis did not answer
   */
  async leave(from: string, callSid: string): Promise<void> {
    const caller = callerKey(from);
    if (caller !== null) await leaveCaller(this.deps.link, caller, callSid);
  }
}
