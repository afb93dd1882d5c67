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

/** All tokens of one response: what counts against the account's tokens per minute. */
export function tokensOf(usage: Usage): number {
  return kinds.reduce((sum, kind) => sum + usage[kind], 0);
}

/** What was spent on this node and not yet told to the fleet. */
export class SpendMeter {
  private untoldMicros = 0;

  add(micros: number): void {
    this.untoldMicros += micros;
  }

  /** Whole millionths of a dollar to tell now. `told` takes away what was heard: an unanswered telling is repeated. */
  get untold(): number {
    return Math.floor(this.untoldMicros);
  }

  told(micros: number): void {
    this.untoldMicros -= micros;
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
