import type { StackOptions } from '../../src/sim/stack.ts';

export type Act =
  /** So many callers at the same time. */
  | { callers: number }
  /** Every answer of the model begins so much later. */
  | { modelSlowMs: number }
  /** No frames come from callers for so long. */
  | { mutedMs: number }
  /** SIGKILL; it is started again with `revive`. `silent`: the carrier does not ask by itself where its calls are to go. */
  | { kill: number; silent?: true }
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

/** What follows from a model that thinks two seconds longer, not so long that a sentence of ours comes first. */
const slowModel = [
  'SilenceLong page',
  'SilenceLong ticket',
  'CallsWithDeadAir page',
  'CallsWithDeadAir ticket',
  'ModelSlow ticket',
];
const lostNode = ['NodeLost page', 'NodeNotScraped ticket'];
const always = ['Watchdog none'];

/** A promotion of three minutes in which things break. */
export const full: Plan = {
  name: 'full',
  nodes: 3,
  callsMax: 8,
  hasKafka: true,
  database: 'postgres',
  acts: [
    [0, { callers: 8 }],
    [30, { modelSlowMs: 1_800 }],
    [72, { modelSlowMs: 0 }],
    [80, { callers: 30 }],
    [93, { callers: 8 }],
    [112, { mutedMs: 300 }],
    [115, { kill: 2, silent: true }],
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
    [5, { mutedMs: 300 }],
    [6, { modelSlowMs: 1_800 }],
    [22, { modelSlowMs: 0 }],
    [22, { kill: 1 }],
  ],
  lastsS: 31,
  settlesS: 2,
  alerts: [...always, ...slowModel, ...lostNode],
  without: [
    'Aida / Nodes and placement: Time in the waiting room',
    'Aida / Nodes and placement: Time of requests to the carrier',
    'Aida / Pipelines: Batch to acknowledgement of all copies',
    'Aida / Pipelines: Kafka',
    'Aida / Pipelines: Messages in Kafka that a group has not taken in',
    'Aida / Promotion: Waiting room',
  ],
};
