import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  CALLER_STEPS,
  faultsOf,
  line,
  number,
  readSteps,
  ScriptError,
  seconds,
  staff,
  type StepOf,
  tool,
  WITHIN_S,
  words,
} from '../caller/script.ts';
import { FAILURE_CODES, SOCKET_FAULTS } from '../model/plan.ts';

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'small letters, digits and _');
const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
/** Fields of a fact or of a row: equal, or as `/expression/` says. */
const fields = z.record(z.string(), value);
const label = z.string().regex(/^[a-z][a-z0-9-]*$/, 'small letters, digits and -');

/** Rows of a table that are made otherwise: columns as the database names them, `now+3600s` is a time. */
const tables = z.record(
  name,
  z.strictObject({
    /** All other rows are deleted. */
    keep: z.record(name, value).optional(),
    /** In all rows. */
    set: z.record(name, z.json()).optional(),
    insert: z.array(z.record(name, z.json())).optional(),
  }),
);

const fault = z.union([
  /** This call's model session; `cut` and `vanish`: its media stream. */
  z.strictObject({ model: z.enum(SOCKET_FAULTS) }),
  z.strictObject({ line: z.enum(['cut', 'vanish', 'mute', 'unmute']) }),
  /** How new model sessions are met: an HTTP status, `hang`, `open`. */
  z.strictObject({ door: z.union([z.enum(['open', 'hang']), z.number().int().min(400).max(599)]) }),
  /** Answers of this tool take so much longer. */
  z.strictObject({ tool, ms: z.number().int().min(0).max(60_000) }),
  z.strictObject({ stop: z.enum(['redis', 'postgres']) }),
  /** Shares of REST requests that fail. */
  z.strictObject({ rest: z.enum(['busy', 'broken', 'silent', 'well']) }),
]);
export type ScenarioFault = z.output<typeof fault>;

const SCENARIO_STEPS = {
  ...CALLER_STEPS,
  /** Calls again from the same number; who is still on the line hangs up first. */
  redial: z.strictObject({ redial: z.literal(true), afterS: seconds.default(0) }),
  fault: z.strictObject({ fault }),
  store: z.strictObject({ store: tables }),
  /** Tells the other callers of the scenario that it is so far. */
  signal: z.strictObject({ signal: label }),
  await: z.strictObject({ await: label, withinS: seconds.default(WITHIN_S) }),
} as const;
export type ScenarioStep = StepOf<typeof SCENARIO_STEPS>;

const modelStep = z.union([
  z.strictObject({
    say: line,
    afterMs: z.number().min(0).max(60_000).optional(),
    fault: z.strictObject({ kind: z.enum(SOCKET_FAULTS), atMs: z.number().min(0) }).optional(),
  }),
  z.strictObject({ call: tool, arguments: z.union([z.record(z.string(), z.json()), z.string()]).default({}) }),
  z.strictObject({ fail: z.enum(FAILURE_CODES) }),
  z.strictObject({ fault: z.enum(SOCKET_FAULTS) }),
]);

const expectation = z.strictObject({
  heard: z.array(words),
  notHeard: z.array(words),
  said: z.array(z.union([z.strictObject({ caller: words }), z.strictObject({ assistant: words })])),
  tools: z.array(z.union([tool, z.record(tool, z.record(z.string(), words)).refine(isSingle, 'one tool')])),
  notTools: z.array(tool),
  verbs: z.array(z.string().regex(/^[A-Z][a-z]+$/, 'a verb of TwiML: Dial')),
  facts: z.array(fields.refine((fact) => typeof fact['type'] === 'string', 'a fact with its type')),
  notFacts: z.array(z.string()),
  rows: z.record(name, z.array(fields)),
  outcome: z.string(),
  intents: z.array(z.string()),
  sessions: z.number().int().min(0),
  streams: z.number().int().min(0),
  clears: z.number().int().min(0),
  status: z.enum(['completed', 'busy', 'failed', 'no-answer', 'canceled']),
  ended: z.enum(['caller', 'aida']),
  deadAirS: seconds,
  withinS: seconds,
  /** Digits that are written down nowhere, not even seven of them in a row. */
  neverStored: z.array(z.string().regex(/^\d{7,}$/, 'seven digits or more, quoted')),
  /** What breaches the fakes may complain about here. */
  complaints: z.array(words),
});

const partial = expectation.partial();
const whenCut = z.union([
  z.strictObject({ skip: line }),
  /** `lifts`: what is not expected then. */
  partial.extend({ lifts: z.array(expectation.keyof()).default([]) }),
]);

const stack = z.strictObject({
  /** Nobody else calls there. */
  alone: z.boolean().default(false),
  nodes: z.number().int().min(1).max(4).optional(),
  database: z.enum(['pglite', 'postgres']).optional(),
  /** Aida's own sentences are rendered before anybody calls. */
  speech: z.boolean().default(true),
  env: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'a setting'), z.coerce.string()).default({}),
  store: tables.default({}),
  model: z
    .strictObject({
      sessionSeconds: z.number().min(5).optional(),
      firstDeltaMs: z.number().min(0).optional(),
      charsPerSecond: z.number().min(8).max(100).optional(),
      door: z.union([z.literal('hang'), z.number().int().min(400).max(599)]).optional(),
    })
    .default({}),
});
export type ScenarioStack = z.output<typeof stack>;

const caller = {
  /** One of its own when left out. */
  from: number.optional(),
  /** Calls when this was signalled; at once when left out. */
  dials: label.optional(),
  /** Phones of staff in the order in which they ring for this caller; all others do not answer. */
  staff: z.array(staff).default([]),
};

const head = z.strictObject({
  name: line,
  about: line,
  ...caller,
  to: number.default('+12075550142'),
  /** Why it is not among those of `npm test`. */
  slow: line.optional(),
  stack: stack.optional(),
  model: z
    .array(
      z.strictObject({ heard: words, answers: z.array(modelStep).min(1), times: z.number().int().min(1).optional() }),
    )
    .default([]),
  steps: z.array(z.unknown()).min(1).max(200),
  /** More callers, who call at the same time. */
  others: z.array(z.strictObject({ ...caller, steps: z.array(z.unknown()).min(1).max(100) })).default([]),
  expect: partial.default({}),
  /** What is expected instead when the model's socket is cut once; or why it is not done. */
  whenCut: whenCut.default({ lifts: [] }),
  /** Why its actors are not rebuilt after each fact. */
  whenAmnesic: z.strictObject({ skip: line }).nullable().default(null),
  /** Sentences that must be true of the conversation with a real model; without them it is not had with one. */
  judged: z.array(line).default([]),
});

export type Expectation = z.output<typeof partial>;

/** A conversation, what befalls it and what must come of it; docs/scenarios.md describes the format. */
export interface Scenario extends Omit<z.output<typeof head>, 'steps' | 'others'> {
  /** Its file's name without the ending. */
  id: string;
  dir: string;
  steps: ScenarioStep[];
  others: ScenarioCaller[];
}

export type ScenarioCaller = Pick<Scenario, 'from' | 'dials' | 'staff' | 'steps'>;

/** It shares the plain stack with others, and is over soon. */
export function isFast({ stack: own, slow }: Scenario): boolean {
  return own === undefined && slow === undefined;
}

function isSingle(value: object): boolean {
  return Object.keys(value).length === 1;
}

/** Every scenario of a folder, by the names of their files. Throws {@link ScriptError} with the faults of all. */
export async function loadScenarios(dir: string): Promise<Scenario[]> {
  const files = (await readdir(dir)).filter((file) => /\.ya?ml$/.test(file)).toSorted();
  if (files.length === 0) throw new ScriptError([`${dir}: no scenarios (*.yaml) are there`]);
  const faults: string[] = [];
  const scenarios: Scenario[] = [];
  for (const file of files) {
    try {
      scenarios.push(readScenario(await readFile(join(dir, file), 'utf8'), { dir, source: file }));
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw new ScriptError(faults);
  return scenarios;
}

/** Throws {@link ScriptError}: file, place and rule of each fault. */
export function readScenario(yaml: string, options: { dir: string; source: string }): Scenario {
  const { dir, source } = options;
  let found: unknown;
  try {
    found = parse(yaml);
  } catch (error) {
    throw new ScriptError([`${source}: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const read = head.safeParse(found);
  if (!read.success) throw new ScriptError(faultsOf(source, '', read.error));
  const faults: string[] = [];
  const steps = readSteps(SCENARIO_STEPS, read.data.steps, `${source}: steps`, faults);
  const others = read.data.others.map((other, index) => ({
    ...other,
    steps: readSteps(SCENARIO_STEPS, other.steps, `${source}: others[${index}].steps`, faults),
  }));
  const scenario = { ...read.data, id: basename(source).replace(/\.ya?ml$/, ''), dir, steps, others };
  faults.push(...misplaced(scenario).map((fault) => `${source}: ${fault}`));
  if (faults.length > 0) throw new ScriptError(faults);
  return scenario;
}

/** What may only be done where nobody else calls. */
const SHARED_FAULTS = ['door', 'tool', 'stop', 'rest'];

function misplaced(scenario: Scenario): string[] {
  const callers = [scenario, ...scenario.others];
  const all = callers.map(({ steps }) => steps);
  const faults = all.flatMap((steps) =>
    steps.flatMap((step, index) => {
      const next = steps[index + 1];
      const isLast = next === undefined || next.kind === 'redial';
      if (step.kind === 'hangUp' && !isLast && !isAfterTheCall(next))
        return [`steps[${index + 1}] ${next.kind} comes after hangUp`];
      const isShared = step.kind === 'store' || (step.kind === 'fault' && isOfAll(step.fault));
      return isShared && scenario.stack?.alone !== true
        ? [`steps[${index}] ${step.kind} touches every call: it needs stack.alone`]
        : [];
    }),
  );
  const signals = new Set(all.flat().flatMap((step) => (step.kind === 'signal' ? [step.signal] : [])));
  const awaited = [
    ...all.flat().flatMap((step) => (step.kind === 'await' ? [step.await] : [])),
    ...callers.flatMap(({ dials }) => (dials === undefined ? [] : [dials])),
  ];
  for (const one of awaited) if (!signals.has(one)) faults.push(`nobody signals ${one}`);
  return faults;
}

const AFTER_THE_CALL: readonly string[] = ['signal', 'await', 'pause', 'fault', 'store'];
const isAfterTheCall = ({ kind }: ScenarioStep): boolean => AFTER_THE_CALL.includes(kind);

function isOfAll(fault: ScenarioFault): boolean {
  return SHARED_FAULTS.some((key) => key in fault);
}
