import type { StackOptions } from '../../src/sim/stack.ts';

export type Act =
  /** So many callers at the same time. */
  | { callers: number }
  /** Every answer of the model begins so much later. */
  | { modelSlowMs: number }
  /** SIGKILL; it is started again with `revive`. */
  | { kill: number }
  | { revive: number }
  | { kafka: 'stop' | 'start' };

export interface Plan {
  name: 'full' | 'short';
  nodes: number;
  /** Of each node. */
  callsMax: number;
  hasKafka: boolean;
  database: NonNullable<StackOptions['database']>;
  /** What is done, by seconds from the first call. */
  acts: readonly (readonly [atS: number, act: Act])[];
  lastsS: number;
  /** After the callers are gone, for what follows from their calls. */
  settlesS: number;
  /** `alert severity`: exactly these fire at some moment of the run. */
  alerts: readonly string[];
  /** `board: panel`: panels that need what this plan does not bring about. */
  without: readonly string[];
}

/** What follows from a model that thinks seconds longer: answers come late, callers hear nothing meanwhile. */
const slowModel = [
  'SilenceLong page',
  'SilenceLong ticket',
  'CallsWithDeadAir page',
  'CallsWithDeadAir ticket',
  'ModelSlow ticket',
];
const lostNode = ['NodeLost page', 'NodeNotScraped ticket'];
/** Nobody plays the synthetic caller. */
const always = ['Watchdog none', 'SyntheticCallerSilent ticket'];

/** A promotion of three minutes in which things break. */
export const full: Plan = {
  name: 'full',
  nodes: 3,
  callsMax: 8,
  hasKafka: true,
  database: 'postgres',
  acts: [
    [0, { callers: 8 }],
    [30, { modelSlowMs: 3_000 }],
    [72, { modelSlowMs: 0 }],
    [80, { callers: 30 }],
    [105, { callers: 8 }],
    [115, { kill: 2 }],
    [132, { revive: 2 }],
    [140, { kafka: 'stop' }],
    [160, { kafka: 'start' }],
  ],
  lastsS: 180,
  settlesS: 12,
  alerts: [...always, ...slowModel, ...lostNode, 'CapacityRunningOut page', 'CallersWait page', 'KafkaAway ticket'],
  without: [],
};

/** What fits into a run of all tests: no Kafka, no crowd. */
export const short: Plan = {
  name: 'short',
  nodes: 2,
  callsMax: 30,
  hasKafka: false,
  database: 'pglite',
  acts: [
    [0, { callers: 8 }],
    [6, { modelSlowMs: 3_000 }],
    [18, { modelSlowMs: 0 }],
    [18, { kill: 1 }],
  ],
  lastsS: 28,
  settlesS: 2,
  alerts: [...always, ...slowModel, ...lostNode],
  without: [],
};
