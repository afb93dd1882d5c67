import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readByRules } from '../rules.ts';
import type { Conversation, Understanding } from '../understanding.ts';
import { type CallFigures, judgeCalls } from './call-figures.ts';
import { callReport, textReport } from './report.ts';
import { seedSpan, seedStore } from './seed-store.ts';
import { type LabelledCall, type LabelledSet, parseSet } from './set.ts';
import { judgeTexts, type TextFigures } from './text-figures.ts';

const SETS = join(import.meta.dirname, '../sets');

/** The committed sets; rules are written by the tuning halves. */
export const committedSets = ['calls.tuning', 'calls.held-out', 'redaction.tuning', 'redaction.held-out'] as const;

export type Reader = (calls: readonly Conversation[]) => Promise<Understanding[]>;

/** Reads by rules, with the words of the store that the committed sets are about. */
export const rulesReader: Reader = (calls) => {
  const store = seedStore();
  return Promise.resolve(calls.map((call) => readByRules(call, store)));
};

export type Figures = { kind: 'calls'; calls: CallFigures } | { kind: 'texts'; texts: TextFigures };

/** The set in this file. Rejects as reading does. @throws SetFault */
export async function readSet(path: string): Promise<LabelledSet> {
  return parseSet(await readFile(path, 'utf8'));
}

export function committedSet(name: (typeof committedSets)[number]): Promise<LabelledSet> {
  return readSet(join(SETS, `${name}.jsonl`));
}

export async function judgeSet(set: LabelledSet, read: Reader): Promise<Figures> {
  if (set.kind === 'texts') return { kind: 'texts', texts: judgeTexts(set.texts) };
  const understood = await read(set.calls.map(conversationOf));
  return { kind: 'calls', calls: judgeCalls(set.calls, understood) };
}

export function reportOf(title: string, by: string, figures: Figures): string {
  return figures.kind === 'calls' ? callReport(title, by, figures.calls) : textReport(title, figures.texts);
}

function conversationOf({ turns }: LabelledCall): Conversation {
  return { turns, tools: [], outcome: null, span: seedSpan() };
}
