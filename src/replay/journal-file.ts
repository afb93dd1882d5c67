import { z } from 'zod';
import { machineVersion } from '../../machines/call-context.ts';
import type { CallEffect } from '../../machines/call-events.ts';
import { Refusal } from '../command.ts';
import { type JournalEntry, parseEntryId, parseFact } from '../directory/journal.ts';
import { idOf, type Made, type MadeStep } from './made.ts';
import type { Deadlines, Ending, Replayed } from './replayed.ts';

/**
 * A journal as a file: JSON lines. The first says whose it is and who wrote it, then each entry of the journal with what
 * the writer's code made of it, then how the call stood at the end.
 */

const FORMAT = 1;
const LINES_MAX = 100_000;
const ID = /^\d{1,16}-\d{1,9}$/;

const headLine = z.object({
  journal: z.literal(FORMAT),
  callSid: z.string().min(1),
  savedAt: z.string(),
  release: z.string(),
  machineVersion: z.number().int().positive(),
});
const entryLine = z.object({
  id: z.string().regex(ID),
  claim: z.object({ by: z.string(), node: z.string(), version: z.number().nullable() }).optional(),
  fact: z.object({ type: z.string(), at: z.number() }).loose().optional(),
  corrupt: z.number().optional(),
  made: z
    .object({
      place: z.string(),
      effects: z.array(z.object({ type: z.string(), id: z.string() }).loose()).optional(),
      deadlines: z.record(z.string(), z.number()).optional(),
    })
    .optional(),
});
const endLine = z.object({ end: z.record(z.string(), z.unknown()) });
const goldenFile = z.object({
  story: z.string(),
  machineVersion: z.number(),
  facts: z.array(z.object({ type: z.string(), at: z.number() }).loose()).min(1),
  states: z.array(z.string().regex(/^\d+ \S+$/)),
  end: z.object({
    state: z.string(),
    outcome: z.string(),
    turns: z.array(z.unknown()),
    recordings: z.number(),
    pending: z.number(),
  }),
});

export interface KeptJournal {
  callSid: string;
  journal: JournalEntry[];
  /** What its writer made of it. */
  made: Made | null;
}

export function journalText(
  now: Replayed,
  journal: readonly JournalEntry[],
  { release, savedAt }: { release: string; savedAt: Date },
): string {
  const steps = new Map(now.steps.map((step) => [idOf(step), step]));
  const { callSid, end } = now;
  const head: z.input<typeof headLine> = {
    journal: FORMAT,
    callSid,
    savedAt: savedAt.toISOString(),
    release,
    machineVersion,
  };
  const lines: unknown[] = [head];
  let deadlines = '{}';
  for (const entry of journal) {
    const id = idOf(entry);
    if (entry.kind === 'claim') lines.push({ id, claim: { by: entry.by, node: entry.node, version: entry.version } });
    else if (entry.kind === 'corrupt') lines.push({ id, corrupt: entry.bytes });
    else {
      const step = steps.get(id);
      const stand = JSON.stringify(step?.deadlines ?? {});
      const made = step && {
        place: step.place,
        ...(step.effects.length > 0 && { effects: step.effects }),
        ...(stand !== deadlines && { deadlines: step.deadlines }),
      };
      deadlines = stand;
      lines.push({ id, fact: entry.fact, ...(made && { made }) });
    }
  }
  lines.push({ end });
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** @throws Refusal that names the line and what is wrong with it */
export function parseJournal(text: string, name: string): KeptJournal {
  const golden = parseGolden(text);
  if (golden) return golden;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new Refusal(`${name} is empty`);
  if (lines.length > LINES_MAX) throw new Refusal(`${name} has ${lines.length} lines, ${LINES_MAX} at most`);
  const read = <T>(schema: z.ZodType<T>, index: number, what: string): T => {
    const result = schema.safeParse(json(lines[index] ?? ''));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const why = issue ? `${issue.path.join('.') || 'the line'}: ${issue.message}` : '';
    throw new Refusal(`${name}, line ${index + 1} is not ${what}: ${why}`);
  };
  const { callSid, release, savedAt, machineVersion: version } = read(headLine, 0, 'the head of a journal');
  const journal: JournalEntry[] = [];
  const steps = new Map<string, MadeStep>();
  let end: Partial<Ending> = {};
  let deadlines: Deadlines = {};
  for (let index = 1; index < lines.length; index++) {
    const isLast = index === lines.length - 1;
    const ended = isLast ? endLine.safeParse(json(lines[index] ?? '')) : null;
    if (ended?.success) end = ended.data.end;
    else {
      const { id, claim, fact, corrupt, made } = read(entryLine, index, 'an entry of a journal');
      journal.push(
        toEntry(id, claim, fact, corrupt, () => new Refusal(`${name}, line ${index + 1} holds neither fact nor claim`)),
      );
      if (!made) continue;
      deadlines = made.deadlines ?? deadlines;
      steps.set(id, { place: made.place, effects: (made.effects ?? []) as CallEffect[], deadlines });
    }
  }
  const by = `release ${release}, machine ${version}, ${savedAt}`;
  return { callSid, journal, made: { by, steps, end } };
}

function toEntry(
  id: string,
  claim: z.output<typeof entryLine>['claim'],
  fact: z.output<typeof entryLine>['fact'],
  corrupt: number | undefined,
  refuse: () => Refusal,
): JournalEntry {
  const place = parseEntryId(id);
  if (claim) return { kind: 'claim', ...place, ...claim };
  if (corrupt !== undefined) return { kind: 'corrupt', ...place, bytes: corrupt };
  const known = fact && parseFact(JSON.stringify(fact));
  if (!known) throw refuse();
  return { kind: 'fact', ...place, fact: known };
}

/** Journals that the repository keeps of every version of the machine, each in one object. */
function parseGolden(text: string): KeptJournal | null {
  const result = goldenFile.safeParse(json(text));
  if (!result.success) return null;
  const { story, machineVersion: version, facts, states, end } = result.data;
  const places = new Map(states.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']));
  const steps = new Map<string, MadeStep>();
  let place = places.get(0) ?? '';
  for (const index of facts.keys()) {
    place = places.get(index + 1) ?? place;
    steps.set(`1-${index + 1}`, { place });
  }
  const { outcome, recordings, pending, turns, state } = end;
  return {
    callSid: 'CA1',
    journal: facts.map((fact, index) =>
      toEntry(`1-${index + 1}`, undefined, fact, undefined, () => new Refusal('no fact')),
    ),
    made: {
      by: `machine ${version}, ${story}`,
      steps,
      end: { place: state, outcome, recordings, pending, turns: turns as Ending['turns'] },
    },
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
