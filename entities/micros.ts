import type { ValueTransformer } from 'typeorm';

/** Millionths of a dollar: a store's sums fit a double, and drivers give a bigint as text. */
export const microsAsNumber: ValueTransformer = {
  to: (micros: number) => micros,
  from: (stored: string) => Number(stored),
};
