import type { ValueTransformer } from 'typeorm';

/** Epochs are Redis-clock milliseconds: too long for an integer, and drivers give a bigint as text. */
export const epochAsNumber: ValueTransformer = {
  to: (epoch: number) => epoch,
  from: (stored: string) => Number(stored),
};
