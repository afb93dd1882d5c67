import { readFleet } from './fleet.ts';
import { callsOf } from './inbox.ts';
import { dueKey, type NodeName, ownerName, partitionCount, placementKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, readTexts } from './reply.ts';
import { dropLeaseScript } from './scripts/due.ts';
import { takeLeaseScript } from './scripts/lease.ts';

const leaseKey = 'lease:reconcile';

/** True while this process is the one that compares the fleet's calls with the carrier's. */
export async function takeReconcileLease(link: RedisLink, self: NodeName): Promise<boolean> {
  const args = [ownerName(self), directoryLimits.reconcileLeaseMs];
  return readReply(await link.run(takeLeaseScript, [leaseKey], args)).kind === 'taken';
}

export async function dropReconcileLease(link: RedisLink, self: NodeName): Promise<void> {
  await link.run(dropLeaseScript, [leaseKey], [ownerName(self)]);
}

/** Every call that the fleet takes for live: with a stream at a node, on its way to one, or watched by a deadline. */
export async function heldCalls(link: RedisLink): Promise<Set<string>> {
  const last = directoryLimits.heldReadMax - 1;
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const lists = await Promise.all([
    readFleet(link).then((nodes) =>
      Promise.all(nodes.map((node) => callsOf(link, node))).then((calls) => calls.flat()),
    ),
    link.command('zrange', placementKeys.reservation, 0, last).then(readTexts),
    ...partitions.map((partition) => link.command('zrange', dueKey(partition), 0, last).then(readTexts)),
  ]);
  return new Set(lists.flat());
}
