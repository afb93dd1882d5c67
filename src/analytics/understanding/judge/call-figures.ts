import { type Intent, intentNames } from '../intents.ts';
import type { Understanding } from '../understanding.ts';
import type { LabelledCall } from './set.ts';

/** How often something was rightly found, wrongly found, and missed. */
export interface Hits {
  right: number;
  wrong: number;
  missed: number;
}

export interface CallFigures {
  calls: number;
  /** Of every intent that is labelled or found. */
  intents: Map<Intent, Hits>;
  /** Mean of the F1 of those that are labelled or found; 1 where there are none. */
  macroF1: number;
  /** Of all intents together. */
  micro: Hits;
  /** Calls with exactly the labelled intents. */
  exact: number;
  /** Of rightly found intents with a labelled turn: those found in that turn. */
  turns: { right: number; of: number };
  /** Missed intent → wrongly found in the same call → how often; '' for none. */
  confusion: Map<string, Map<string, number>>;
  resolution: { right: number; of: number; confusion: Map<string, Map<string, number>> };
  products: Hits;
  codes: Hits;
  questions: Hits;
  promotion: { right: number; of: number };
  transferReason: { right: number; of: number };
}

const none = (): Hits => ({ right: 0, wrong: 0, missed: 0 });

/** NaN where nothing was found, or nothing labelled. */
export const precisionOf = ({ right, wrong }: Hits): number => right / (right + wrong);
export const recallOf = ({ right, missed }: Hits): number => right / (right + missed);
export const f1Of = ({ right, wrong, missed }: Hits): number => (2 * right) / (2 * right + wrong + missed);

/** Judges what was understood against what the labels say, call by call. */
export function judgeCalls(calls: readonly LabelledCall[], understood: readonly Understanding[]): CallFigures {
  const figures: CallFigures = {
    calls: calls.length,
    intents: new Map(),
    macroF1: 1,
    micro: none(),
    exact: 0,
    turns: { right: 0, of: 0 },
    confusion: new Map(),
    resolution: { right: 0, of: 0, confusion: new Map() },
    products: none(),
    codes: none(),
    questions: none(),
    promotion: { right: 0, of: 0 },
    transferReason: { right: 0, of: 0 },
  };
  calls.forEach((call, index) => {
    const found = understood[index];
    if (!found) throw new Error(`call ${index} was not read`);
    judgeIntents(figures, call, found);
    judgeRest(figures, call, found);
  });
  const all = [...figures.intents.values()];
  if (all.length > 0) figures.macroF1 = all.reduce((sum, hits) => sum + f1Of(hits), 0) / all.length;
  return figures;
}

function judgeIntents(figures: CallFigures, call: LabelledCall, found: Understanding): void {
  const labelled = new Set(call.intents);
  const seen = new Set(found.intents.map(({ intent }) => intent));
  for (const intent of intentNames) {
    if (!labelled.has(intent) && !seen.has(intent)) continue;
    const hits = figures.intents.get(intent) ?? none();
    figures.intents.set(intent, hits);
    const kind = labelled.has(intent) ? (seen.has(intent) ? 'right' : 'missed') : 'wrong';
    hits[kind] += 1;
    figures.micro[kind] += 1;
  }
  const missed = [...labelled].filter((intent) => !seen.has(intent));
  const wrong = [...seen].filter((intent) => !labelled.has(intent));
  if (missed.length + wrong.length === 0) figures.exact += 1;
  for (const left of missed.length > 0 ? missed : wrong.length > 0 ? [''] : [])
    for (const right of wrong.length > 0 ? wrong : ['']) count(figures.confusion, left, right);
  for (const { intent, turn } of found.intents) {
    const shown = call.shown?.[intent];
    if (shown === undefined || !labelled.has(intent)) continue;
    figures.turns.of += 1;
    if (shown === turn) figures.turns.right += 1;
  }
}

function judgeRest(figures: CallFigures, call: LabelledCall, found: Understanding): void {
  if (call.resolution !== undefined) {
    figures.resolution.of += 1;
    if (call.resolution === found.resolution) figures.resolution.right += 1;
    else count(figures.resolution.confusion, call.resolution, found.resolution);
  }
  if (call.products) compare(figures.products, call.products, found.products);
  if (call.codes) compare(figures.codes, call.codes, found.codes);
  if (call.unanswered)
    compare(
      figures.questions,
      call.unanswered,
      found.questions.flatMap(({ turn }) => turn ?? []),
    );
  if (call.promotion !== undefined) tally(figures.promotion, call.promotion === found.promotion);
  // Without a transfer there is nothing to give a reason for.
  if (call.transferReason) tally(figures.transferReason, call.transferReason === found.transferReason);
}

function compare<T>(hits: Hits, labelled: readonly T[], found: readonly T[]): void {
  for (const each of labelled) hits[found.includes(each) ? 'right' : 'missed'] += 1;
  for (const each of found) if (!labelled.includes(each)) hits.wrong += 1;
}

function tally(share: { right: number; of: number }, isRight: boolean): void {
  share.of += 1;
  if (isRight) share.right += 1;
}

function count(table: Map<string, Map<string, number>>, left: string, right: string): void {
  const row = table.get(left) ?? new Map<string, number>();
  table.set(left, row.set(right, (row.get(right) ?? 0) + 1));
}
