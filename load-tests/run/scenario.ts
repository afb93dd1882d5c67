/** What a scenario needs around its callers, and how much of it there is by default. */
export interface ScenarioPlan {
  title: string;
  nodes: number;
  /** Calls that one node takes. */
  callsMax: number;
  /** Calls at once with audio. */
  calls: number;
  /** Of them so many, or as many more, by the dense generator. */
  dense: number;
  minutes: number;
  /** Its script orders deaths or restarts of nodes. */
  hooks: boolean;
  /** Seconds that a node which is asked to end gives its calls. */
  drainS: number;
}

const base = { nodes: 1, callsMax: 400, dense: 0, hooks: false, drainS: 0 };

export const scenarios = {
  smoke: { ...base, title: 'a few callers, everything once', calls: 24, minutes: 1 / 6 },
  ramp: { ...base, title: 'more and more calls until it hurts', callsMax: 2_000, calls: 120, minutes: 3 },
  promotion: {
    ...base,
    title: 'a spike far above what there is room for',
    nodes: 2,
    callsMax: 75,
    calls: 100,
    minutes: 3,
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
