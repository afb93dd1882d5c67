/** What a scenario needs around its callers, and how much of it there is by default. */
export interface ScenarioPlan {
  title: string;
  nodes: number;
  /** Calls that one node takes. */
  callsMax: number;
  /** Calls at once with audio. */
  calls: number;
  /** Of them so many are played by k6 at most, the others by the dense generator; null: all by k6. */
  k6CallsMax: number | null;
  /** The strict fake hears words and answers them; the lean one only takes turns, for hundreds of calls. */
  model: 'strict' | 'lean';
  /** To Redis and back, each. Times that are long beside the clocks' own errors can be compared. */
  redisWayMs: number;
  minutes: number;
  /** Its script orders deaths or restarts of nodes. */
  hooks: boolean;
  /** Seconds that a node which is asked to end gives its calls. */
  drainS: number;
}

const base = {
  nodes: 1,
  callsMax: 400,
  k6CallsMax: null,
  model: 'strict',
  redisWayMs: 0,
  hooks: false,
  drainS: 0,
} as const;

export const scenarios = {
  smoke: { ...base, title: 'a few callers, everything once', calls: 36, redisWayMs: 8, minutes: 1 / 6 },
  ramp: {
    ...base,
    title: 'more and more calls until it hurts',
    callsMax: 2_000,
    calls: 500,
    k6CallsMax: 20,
    model: 'lean',
    minutes: 2,
  },
  promotion: {
    ...base,
    title: 'a spike far above what there is room for',
    // New callers get as many places as one node has: the others are kept for the loss of a node.
    nodes: 2,
    callsMax: 110,
    calls: 100,
    model: 'lean',
    minutes: 2,
  },
  soak: { ...base, title: 'the same load for long', calls: 40, minutes: 30 },
  chaos: {
    ...base,
    title: 'nodes are killed under load',
    nodes: 3,
    callsMax: 40,
    calls: 30,
    minutes: 1.5,
    hooks: true,
  },
  deploy: {
    ...base,
    title: 'every node is replaced under load',
    nodes: 3,
    callsMax: 40,
    calls: 30,
    minutes: 1.5,
    hooks: true,
    drainS: 10,
  },
} as const satisfies Record<string, ScenarioPlan>;

export type ScenarioName = keyof typeof scenarios;
