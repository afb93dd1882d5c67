import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { matcherOf } from './words.ts';

export const seconds = z.number().min(0).max(600);
export const number = z
  .string()
  .regex(/^(\+\d{3,15}|client:\S+|sip:\S+|anonymous|unknown)$/, 'a number as +15551230001, quoted');
export const line = z.string().trim().min(1).max(2000);
export const words = line.refine((text) => matcherOf(text) !== null, 'words, or a regular expression between slashes');
export const tool = z.string().regex(/^[a-z_]+$/, 'the name of a tool');
export const keys = z.string().regex(/^[0-9*#]+$/, 'keys 0-9 * #, quoted');

/** How long a step waits for what it needs when it does not say so itself. */
export const WITHIN_S = 15;

/** What callers do, by the key that names it. */
export const CALLER_STEPS = {
  hear: z.strictObject({ hear: z.union([words, z.array(words).min(1)]), withinS: seconds.default(WITHIN_S) }),
  say: z.strictObject({
    say: line,
    afterS: seconds.default(0),
    withinS: seconds.default(WITHIN_S),
    atOnce: z.boolean().default(false),
  }),
  interrupt: z.strictObject({ interrupt: line, heardS: seconds.default(1), withinS: seconds.default(WITHIN_S) }),
  press: z.strictObject({ press: keys, afterS: seconds.default(0) }),
  pause: z.strictObject({ pause: seconds }),
  noise: z.strictObject({ noise: seconds }),
  beep: z.strictObject({ beep: z.literal(true), withinS: seconds.default(WITHIN_S) }),
  play: z.strictObject({
    play: line,
    afterS: seconds.default(0),
    withinS: seconds.default(WITHIN_S),
    atOnce: z.boolean().default(false),
  }),
  hangUp: z.strictObject({ hangUp: z.literal(true), afterS: seconds.default(0), atOnce: z.boolean().default(false) }),
} as const;

type Shapes = Readonly<Record<string, z.ZodType>>;
/** A step of one of these kinds. */
export type StepOf<S extends Shapes> = { [K in keyof S & string]: { kind: K } & z.output<S[K]> }[keyof S & string];
export type ScriptStep = StepOf<typeof CALLER_STEPS>;

export const staff = z.strictObject({
  result: z.enum(['answers', 'busy', 'no-answer', 'failed']),
  afterS: seconds.optional(),
  presses: keys.optional(),
  says: z.array(line).optional(),
  hangsUpAfterS: seconds.optional(),
});

const head = z.strictObject({
  name: line,
  from: number.default('+15551230001'),
  to: number.default('+15557654321'),
  staff: z.record(number, staff).default({}),
  steps: z.array(z.unknown()).min(1).max(200),
  expect: z
    .strictObject({
      heard: z.array(words).default([]),
      notHeard: z.array(words).default([]),
      tools: z.array(tool).default([]),
      notTools: z.array(tool).default([]),
      status: z.enum(['completed', 'busy', 'failed', 'no-answer', 'canceled']).default('completed'),
      ended: z.enum(['caller', 'aida']).optional(),
      firstWordMs: z.number().positive().optional(),
      turnMs: z.number().positive().optional(),
      withinS: seconds.default(WITHIN_S),
    })
    .default({ heard: [], notHeard: [], tools: [], notTools: [], status: 'completed', withinS: WITHIN_S }),
});

export type ScriptStaff = z.output<typeof staff>;

/** A conversation as a caller means to have it; README.md beside this file describes the format. */
export interface Script extends Omit<z.output<typeof head>, 'steps'> {
  steps: ScriptStep[];
  /** Where `play` finds its files. */
  dir: string;
}

/** The script cannot be read: one line for each fault, with the place it stands at. */
export class ScriptError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

export async function loadScript(file: string): Promise<Script> {
  return readScript(await readFile(file, 'utf8'), { dir: dirname(resolve(file)), source: basename(file) });
}

/** Throws {@link ScriptError}. */
export function readScript(yaml: string, options: { dir: string; source: string }): Script {
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (error) {
    throw new ScriptError([`${options.source}: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const read = head.safeParse(value);
  if (!read.success) throw new ScriptError(faultsOf(options.source, '', read.error));
  const faults: string[] = [];
  const steps = readSteps(CALLER_STEPS, read.data.steps, `${options.source}: steps`, faults);
  const stray = steps.findIndex((step) => step.kind === 'hangUp');
  if (stray >= 0 && stray < steps.length - 1) faults.push(`${options.source}: steps[${stray + 1}] comes after hangUp`);
  if (faults.length > 0) throw new ScriptError(faults);
  return { ...read.data, steps, dir: options.dir };
}

/** Steps of these kinds; what is wrong goes to `faults`, a line each, with its place. */
export function readSteps<S extends Shapes>(
  shapes: S,
  steps: readonly unknown[],
  place: string,
  faults: string[],
): StepOf<S>[] {
  return steps.flatMap((step, index) => readStep(shapes, step, `${place}[${index}]`, faults));
}

function readStep<S extends Shapes>(shapes: S, step: unknown, place: string, faults: string[]): StepOf<S>[] {
  const kinds = Object.keys(shapes);
  const found = typeof step === 'object' && step !== null ? kinds.filter((kind) => kind in step) : [];
  const [kind] = found;
  if (kind === undefined || found.length > 1) {
    faults.push(
      `${place}: one of ${kinds.join(', ')} is needed, ${found.length === 0 ? 'none' : found.join(' and ')} found`,
    );
    return [];
  }
  const read = shapes[kind]?.safeParse(step);
  if (read === undefined) return [];
  if (read.success) return [{ kind, ...(read.data as object) } as StepOf<S>];
  faults.push(...faultsOf(place, '.', read.error));
  return [];
}

/** One line for each issue, with the place it stands at. */
export function faultsOf(source: string, joint: string, error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const place = issue.path.map(String).join('.');
    return `${source}${place === '' ? '' : `${joint === '' ? ': ' : joint}${place}`}: ${issue.message}`;
  });
}
