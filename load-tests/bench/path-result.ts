import type { Percentiles } from './statistics.ts';
import type { Knee } from './turns/knee.ts';
import type { Lost, Measured } from './turns/rig.ts';

/** The load at which what Aida adds to a frame is told. */
export const latencyCalls = 200;
/** The model's sockets open so much later than they are asked for. */
export const lateOpeningMs = 300;

/** What is known of one of them. */
export interface Standing {
  name: string;
  key: string;
  knee: Knee;
  /** Calls at which it was measured: half of its knee. */
  calls: number;
  rounds: Measured[];
  lost: Lost;
}

export interface AtLatencyCalls {
  key: string;
  measured: Measured;
  pauses: Percentiles;
  lost: Lost;
}

export interface PathResult {
  plain: Standing[];
  secure: Standing[];
  latency: AtLatencyCalls[];
  late: { key: string; lost: Lost }[];
  rig: Measured;
  isPinned: boolean;
}
