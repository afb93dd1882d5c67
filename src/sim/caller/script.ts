import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { matcherOf } from './words.ts';

const seconds = z.number().min(0).max(600);
const number = z
  .string()
  .regex(/^(\+\d{3,15}|client:\S+|sip:\S+|anonymous|unknown)$/, 'a number as +15551230001, quoted');
const line = z.string().trim().min(1).max(2000);
const words = line.refine((text) => matcherOf(text) !== null, 'words, or a regular expression between slashes');
const tool = z.string().regex(/^[a-z_]+$/, 'the name of a tool');
const keys = z.string().regex(/^[0-9*#]+$/, 'keys 0-9 * #, quoted');

/** How long a step waits for what it needs when it does not say so itself. */
export const WITHIN_S = 15;

const STEPS = {
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
  play: z.strictObject({
    play: line,
    afterS: seconds.default(0),
    withinS: seconds.default(WITHIN_S),
    atOnce: z.boolean().default(false),
  }),
  hangUp: z.strictObject({ hangUp: z.literal(true), afterS: seconds.default(0) }),
} as const;

type Kind = keyof typeof STEPS;
export type ScriptStep = { [K in Kind]: { kind: K } & z.output<(typeof STEPS)[K]> }[Kind];

const staff = z.strictObject({
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
  const steps = read.data.steps.flatMap((step, index) => readStep(step, `${options.source}: steps[${index}]`, faults));
  const stray = steps.findIndex((step) => step.kind === 'hangUp');
  if (stray >= 0 && stray < steps.length - 1) faults.push(`${options.source}: steps[${stray + 1}] comes after hangUp`);
  if (faults.length > 0) throw new ScriptError(faults);
  return { ...read.data, steps, dir: options.dir };
}

function readStep(step: unknown, place: string, faults: string[]): ScriptStep[] {
  const kinds = Object.keys(STEPS) as Kind[];
  const found = typeof step === 'object' && step !== null ? kinds.filter((kind) => kind in step) : [];
  const [kind] = found;
  if (kind === undefined || found.length > 1) {
    faults.push(
      `${place}: one of ${kinds.join(', ')} is needed, ${found.length === 0 ? 'none' : found.join(' and ')} found`,
    );
    return [];
  }
  const read = STEPS[kind].safeParse(step);
  if (read.success) return [{ kind, ...read.data } as ScriptStep];
  faults.push(...faultsOf(place, '.', read.error));
  return [];
}

function faultsOf(source: string, joint: string, error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const place = issue.path.map(String).join('.');
    return `${source}${place === '' ? '' : `${joint === '' ? ': ' : joint}${place}`}: ${issue.message}`;
  });
}
