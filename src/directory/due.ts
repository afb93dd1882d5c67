import { callKeys, dueKey, dueLeaseKey, type NodeName, ownerName } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readTexts } from './reply.ts';
import { claimDueScript, dropLeaseScript, forgetDueScript } from './scripts/due.ts';

/**
 * Calls of a partition whose deadline has passed, oldest first, at most `dueClaimMax`; null while another process sweeps
 * it. Each is handed out again after `dueRetryMs` unless a claim or an append moves its deadline meanwhile. A claim of
 * one names the epoch that was seen (`ownerOf`), so that a call that has moved is left alone.
 */
export async function claimDue(link: RedisLink, partition: number, sweeper: NodeName): Promise<string[] | null> {
  const { dueLeaseMs, dueClaimMax, dueRetryMs } = directoryLimits;
  const args = [ownerName(sweeper), dueLeaseMs, dueClaimMax, dueRetryMs];
  const [kind, ...callSids] = readTexts(
    await link.run(claimDueScript, [dueKey(partition), dueLeaseKey(partition)], args),
  );
  return kind === 'ok' ? callSids : null;
}

/** For a call on the sweep that `ownerOf` does not know. */
export async function forgetDue(link: RedisLink, callSid: string): Promise<'known' | 'forgotten'> {
  const keys = callKeys(callSid);
  const reply = readReply(await link.run(forgetDueScript, [keys.call, keys.due], [callSid]));
  return reply.kind === 'known' ? 'known' : 'forgotten';
}

/** Lets another process sweep the partition at once. */
export async function dropDueLease(link: RedisLink, partition: number, sweeper: NodeName): Promise<void> {
  await link.run(dropLeaseScript, [dueLeaseKey(partition)], [ownerName(sweeper)]);
}
