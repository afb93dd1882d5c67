/** How long a caller may hear nothing who waits for a word, and how long after its end a fault still explains it. */
interface Allowance {
  /** Ms, by the number of calls that the fault befalls at once. */
  gapMs: (calls: number) => number;
  aftermathMs: number;
}

/** A hundred calls a second are asked to move where the carrier does not move them by itself. */
const MOVE_MS_PER_CALL = 10;
/** An answer with a tool in it, on a machine that has other things to do. */
const UNTROUBLED_MS = 4_000;
/** A node is judged dead, its calls are asked for and come back. */
const JUDGED_MS = 8_000;
const untroubled = () => UNTROUBLED_MS;
const judged = (calls: number) => JUDGED_MS + calls * MOVE_MS_PER_CALL;

/** The gap that a caller may hear while nothing is wrong, ms. */
export const untroubledGapMs = UNTROUBLED_MS;

/** Every fault that the nemesis knows. */
export const faultKinds = {
  /** SIGKILL; the carrier asks what to do as soon as its socket is reset. */
  nodeKill: { gapMs: () => 5_000, aftermathMs: 5_000 },
  /** SIGKILL; the carrier does nothing by itself. */
  nodeKillSilent: { gapMs: judged, aftermathMs: 10_000 },
  /** The machine is gone without a word on any connection. */
  nodeVanish: { gapMs: judged, aftermathMs: 10_000 },
  /** SIGSTOP, SIGCONT. */
  nodeFreeze: { gapMs: judged, aftermathMs: 10_000 },
  /** The event loop does nothing for two seconds. */
  nodeBusy: { gapMs: () => 7_000, aftermathMs: 5_000 },
  /** The wall clock is an hour off. */
  nodeClock: { gapMs: untroubled, aftermathMs: 0 },
  /** A handler of one call throws. */
  callThrows: { gapMs: () => 5_000, aftermathMs: 5_000 },
  nodeDrain: { gapMs: () => 5_000, aftermathMs: 5_000 },
  redisKill: { gapMs: () => 5_000, aftermathMs: 3_000 },
  redisHalfOpen: { gapMs: () => 5_000, aftermathMs: 3_000 },
  redisPause: { gapMs: () => 5_000, aftermathMs: 3_000 },
  /** It takes nothing more in. */
  redisFull: { gapMs: () => 5_000, aftermathMs: 3_000 },
  redisFailover: { gapMs: () => 5_000, aftermathMs: 5_000 },
  postgresStop: { gapMs: () => 7_000, aftermathMs: 3_000 },
  /** The carrier's REST interface is busy, broken or silent. */
  restErrors: { gapMs: untroubled, aftermathMs: 3_000 },
  webhookTwice: { gapMs: untroubled, aftermathMs: 1_000 },
  /** A webhook does not reach the node that it was sent to. */
  webhookLost: { gapMs: () => 7_000, aftermathMs: 3_000 },
  callbackStorm: { gapMs: untroubled, aftermathMs: 1_000 },
  /** The carrier does not read what is sent to it. */
  slowReader: { gapMs: () => 10_000, aftermathMs: 10_000 },
  /** The carrier's socket breaks, and its node lives. */
  lineCut: { gapMs: () => 5_000, aftermathMs: 5_000 },
} as const satisfies Record<string, Allowance>;

export type FaultKind = keyof typeof faultKinds;
