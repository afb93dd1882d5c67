import { type NodeName, ownerName } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply } from './reply.ts';
import { dropLeaseScript } from './scripts/due.ts';
import { takeLeaseScript } from './scripts/lease.ts';

/** Who judges a process that has fallen silent, and takes its calls over if it is dead. */
const judgeLeaseKey = (silent: NodeName): string => `lease:judge:${ownerName(silent)}`;

/** True while this process is the one that judges: to be repeated well within `judgeLeaseMs`. */
export async function takeJudgeLease(link: RedisLink, silent: NodeName, judge: NodeName): Promise<boolean> {
  const args = [ownerName(judge), directoryLimits.judgeLeaseMs];
  return readReply(await link.run(takeLeaseScript, [judgeLeaseKey(silent)], args)).kind === 'taken';
}

/** Lets another process judge at once. */
export async function dropJudgeLease(link: RedisLink, silent: NodeName, judge: NodeName): Promise<void> {
  await link.run(dropLeaseScript, [judgeLeaseKey(silent)], [ownerName(judge)]);
}
