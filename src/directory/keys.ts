/**
 * Every Redis key, by the hash tag that its scripts share. The tags of the partitions were chosen so that
 * tag N lies in the middle of the Nth sixteenth of the cluster's 16,384 slots: any even split of the slots over
 * masters splits the partitions evenly. Changing a tag moves every call: add, never edit.
 */
export const partitionTags = [
  'p0.acy',
  'p1.avp',
  'p2.avg',
  'p3.acn',
  'p4.be7',
  'p5.anq',
  'p6.af3',
  'p7.a72',
  'p8.alv',
  'p9.bg0',
  'p10.btd',
  'p11.aww',
  'p12.afb',
  'p13.ask',
  'p14.bd0',
  'p15.aov',
] as const;

export const partitionCount = partitionTags.length;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The partition of a call, 0–15: FNV-1a over the CallSid, folded to four bits. */
export function partitionOf(callSid: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < callSid.length; i++) hash = Math.imul(hash ^ callSid.charCodeAt(i), FNV_PRIME);
  hash ^= hash >>> 16;
  return (hash ^ (hash >>> 8) ^ (hash >>> 4)) & (partitionCount - 1);
}

function tagged(partition: number, rest: string): string {
  const tag = partitionTags[partition];
  if (tag === undefined) throw new RangeError(`partition ${partition} is not within 0–${partitionCount - 1}`);
  return `{${tag}}:${rest}`;
}

export interface CallKeys {
  call: string;
  log: string;
  due: string;
  outbox: string;
}

/** The keys of one call; all share one hash tag. */
export function callKeys(callSid: string): CallKeys {
  const partition = partitionOf(callSid);
  return {
    call: tagged(partition, `call:${callSid}`),
    log: tagged(partition, `log:${callSid}`),
    due: dueKey(partition),
    outbox: outboxKey(partition),
  };
}

/** Zset of a partition: calls that have not ended, by next deadline. */
export const dueKey = (partition: number): string => tagged(partition, 'due');
/** Stream of a partition: every fact, for the consumer groups. The one key that has no expiry: it is trimmed. */
export const outboxKey = (partition: number): string => tagged(partition, 'outbox');
/** Who sweeps the partition's deadlines. */
export const dueLeaseKey = (partition: number): string => tagged(partition, 'lease:due');
/** Who reads the partition's outbox for a group. */
export const outboxLeaseKey = (partition: number, group: string): string => tagged(partition, `lease:outbox:${group}`);
/** Stream of facts that a group could not take in. */
export const deadLetterKey = (partition: number, group: string): string => tagged(partition, `dead:${group}`);

/** The browser that holds this call, as long as it does. */
export const phoneKey = (callSid: string): string => `phone:${callSid}`;
/** What it is told to do. */
export const phoneOrderKey = (callSid: string): string => `phone:order:${callSid}`;

/** String: what came of something that a supervisor had done to a call. */
export const commandKey = (id: string): string => `command:${id}`;

/** Keys of placement; one hash tag. Their names are what its scripts call them. */
export const placementKeys = {
  /** Hash: node → `<incarnation> <JSON of its addresses>`. */
  node: '{pl}:node',
  /** Zset: node → calls + reservations. */
  load: '{pl}:load',
  /** Hash: node → calls as of its last heartbeat. */
  live: '{pl}:live',
  /** Zset: node → time of its last heartbeat. */
  heartbeat: '{pl}:hb',
  /** Hash: node → calls it takes at most; 0 = draining. */
  capacity: '{pl}:cap',
  /** Zset: reservations by expiry. */
  reservation: '{pl}:res',
  /** Hash: reservation → node. */
  reservedAt: '{pl}:resat',
  /** Zset: node that lives → calls it could still take. */
  room: '{pl}:room',
  /** Hash: sums over the nodes that live, and until when they hold. */
  totals: '{pl}:totals',
  /** Zset: the waiting room, in the order of its tickets. */
  queue: '{pl}:queue',
  /** Zset: waiters by the time at which they count as gone. */
  queueDue: '{pl}:qdue',
  /** String: the last ticket. */
  ticket: '{pl}:ticket',
  /** List: times of the last calls that left the waiting room for a node. */
  placed: '{pl}:placed',
  /** Hash: what this hour and this day have cost. */
  spent: '{pl}:spent',
  /** String: what the model's account has left. */
  model: '{pl}:model',
  /** Hash: switch → its value; `switchInfo` says who set it. */
  switches: '{pl}:switch',
  /** Hash: switch → JSON of who set it, when and why. */
  switchInfo: '{pl}:switchinfo',
  /** Stream: what people did to the whole fleet. */
  audit: '{pl}:audit',
} as const;

export type PlacementKey = keyof typeof placementKeys;

export const placementKeyList: readonly string[] = Object.values(placementKeys);

/** The keys of who on the staff is kept for which call, and who waits for them; one hash tag. Their names are what the scripts call them. */
export const staffKeys = (callSid: string) => ({
  /** Hash: member's number → until when, state, attempt and call it is kept for. */
  hold: '{staff}:hold',
  /** Zset: calls that wait for somebody, by the time at which they joined. */
  queue: '{staff}:queue',
  /** Hash: call that waits → why it wants somebody. */
  waiter: '{staff}:waiter',
  /** Zset: calls that were offered somebody and have not taken it, by the time at which they had joined the line. */
  offered: '{staff}:offered',
  /** Set: members that were rung for this call. */
  tried: `{staff}:tried:${callSid}`,
});

/** Delayed and retried work that somebody waits for, and that which may take its time. */
export const jobLanes = ['soon', 'bulk'] as const;
export type JobLane = (typeof jobLanes)[number];

/**
 * The keys of one lane; one hash tag for all lanes. All expire, `jobKeyLifeMs` after anybody last worked or looked.
 * Their names are what the scripts call them.
 */
export function jobKeys(lane: JobLane) {
  const named = (rest: string) => `{jobs}:${lane}:${rest}`;
  return {
    /** Stream: jobs to be run now, or being run; an entry goes when its job is done, put off or buried. */
    ready: named('ready'),
    /** Zset: jobs to be run later, by when. */
    later: named('later'),
    /** Hash: job → payload, while it is neither done nor dead. */
    job: named('job'),
    /** Hash: job → times that it was begun. */
    tries: named('tries'),
    /** Zset: job → from when on it was to be run. */
    since: named('since'),
    /** Hash: job → why it failed last. */
    why: named('why'),
    /** Zset: jobs that are over, by when that is forgotten. */
    over: named('over'),
    /** Stream: jobs that failed for good. */
    dead: named('dead'),
  };
}

/** String: a session of the console, by the digest of what its browser holds. */
export const sessionKey = (digest: string): string => `session:${digest}`;
/** String: attempts to sign in, of whatever is counted. One hash tag. */
export const signInKey = (counted: string): string => `{signin}:${counted}`;

export interface CallerKeys {
  calls: string;
  arrivals: string;
  block: string;
  recent: string;
  spoken: string;
}

/** The keys of one caller; all share one hash tag. */
export function callerKeys(caller: string): CallerKeys {
  const partition = partitionOf(caller);
  return {
    calls: tagged(partition, `caller:calls:${caller}`),
    arrivals: tagged(partition, `caller:arrivals:${caller}`),
    block: blockKey(partition),
    recent: tagged(partition, `caller:recent:${caller}`),
    spoken: tagged(partition, `caller:spoken:${caller}`),
  };
}

/** Hash of a partition: blocked callers. */
export const blockKey = (partition: number): string => tagged(partition, 'block');

/** One process: a node's id and the incarnation that tells it from its predecessors. */
export interface NodeName {
  node: string;
  incarnation: string;
}

/** How the owner of a call is written. */
export const ownerName = (name: NodeName): string => `${name.node}:${name.incarnation}`;

/** The reverse of `ownerName`; null for "none". A node's id may hold colons, an incarnation may not. */
export function parseOwner(owner: string): NodeName | null {
  const colon = owner.lastIndexOf(':');
  return colon < 1 ? null : { node: owner.slice(0, colon), incarnation: owner.slice(colon + 1) };
}

/** Stream: messages to a process. */
export const inboxKey = (name: NodeName): string => `inbox:${ownerName(name)}`;
/** String: the last message that the process has dealt with. */
export const cursorKey = (name: NodeName): string => `cursor:${ownerName(name)}`;
/** String: JSON of what the process said of itself last. */
export const nodeReportKey = (name: NodeName): string => `report:${ownerName(name)}`;
/** String: JSON of what somebody wants of the process. */
export const nodeOrderKey = (name: NodeName): string => `order:${ownerName(name)}`;
/** Set: calls with a stream at the process. */
export const callsKey = (name: NodeName): string => `calls:${ownerName(name)}`;
