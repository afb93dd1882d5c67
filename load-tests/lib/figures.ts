import type { CounterName, TrendName } from './summary.ts';

/** Where callers leave what they measured. */
export interface Figures {
  time(name: TrendName, ms: number): void;
  count(name: CounterName, by?: number): void;
  /** What somebody who looks for a fault wants to read. */
  note(text: string): void;
}
