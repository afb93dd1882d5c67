import type { Usage } from '../../machines/call-events.ts';
import type { ModelPrices } from '../config.ts';

/** Of what may be spent: from here on there is an alarm. */
export const spendAlarmShare = 0.8;
const MICROS_PER_DOLLAR = 1_000_000;

const kinds = [
  'textIn',
  'textInCached',
  'audioIn',
  'audioInCached',
  'textOut',
  'audioOut',
] as const satisfies readonly (keyof Usage)[];

/** What the tokens of one response cost, in millionths of a dollar. Prices are dollars per million tokens. */
export function costMicros(usage: Usage, prices: ModelPrices): number {
  return kinds.reduce((sum, kind) => sum + usage[kind] * prices[kind], 0);
}

/** The same for each kind of token. */
export function microsByKind(usage: Usage, prices: ModelPrices): [kind: (typeof kinds)[number], micros: number][] {
  return kinds.map((kind) => [kind, usage[kind] * prices[kind]]);
}

/** All tokens of one response: what counts against the account's tokens per minute. */
export function tokensOf(usage: Usage): number {
  return kinds.reduce((sum, kind) => sum + usage[kind], 0);
}

/** A part of what was spent on this node, as the fleet is told of it. */
export interface Telling {
  /** Whole millionths of a dollar. */
  spentMicros: number;
  /** Its number: one that is told again counts once. */
  telling: number;
}

/** What was spent on this node and not yet heard by the fleet. */
export class SpendMeter {
  private unheardMicros = 0;
  private toldMicros = 0;
  private telling = 1;

  add(micros: number): void {
    this.unheardMicros += micros;
  }

  /** What to tell now: the same until it was heard, since an answer that was lost may have been counted. */
  tell(): Telling {
    if (this.toldMicros === 0) this.toldMicros = Math.floor(this.unheardMicros);
    return { spentMicros: this.toldMicros, telling: this.telling };
  }

  heard({ telling }: Telling): void {
    if (telling !== this.telling) return;
    this.unheardMicros -= this.toldMicros;
    this.toldMicros = 0;
    this.telling += 1;
  }
}

/** Of the whole fleet, millionths of a dollar. */
export interface Spent {
  hourMicros: number;
  dayMicros: number;
}

/** `alarm`: close to the limit; `spent`: new callers get the keypad menu. */
export type SpendState = 'open' | 'alarm' | 'spent';

export interface SpendJudgement {
  state: SpendState;
  /** Spent of what may be spent, the larger of hour and day; 0 without a limit. */
  share: number;
}

export function judgeSpend(spent: Spent, max: { perHour: number; perDay: number } | null): SpendJudgement {
  if (!max) return { state: 'open', share: 0 };
  const share = Math.max(
    shareOf(spent.hourMicros, max.perHour * MICROS_PER_DOLLAR),
    shareOf(spent.dayMicros, max.perDay * MICROS_PER_DOLLAR),
  );
  if (share >= 1) return { state: 'spent', share };
  return { state: share >= spendAlarmShare ? 'alarm' : 'open', share };
}

/** Nothing may be spent: that is reached at once. */
function shareOf(micros: number, maxMicros: number): number {
  return maxMicros > 0 ? micros / maxMicros : 1;
}
