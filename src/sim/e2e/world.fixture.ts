import type { DataSource } from 'typeorm';
import { openDatabase } from '../../services/database.ts';
import { CHARS_PER_SECOND } from '../account.ts';
import { metricIn, metricsOf } from '../node-metrics.ts';
import { type Stack, type StackOptions, startStack } from '../stack.ts';
import { Stalls } from '../stalls.ts';

export { eventually } from '../eventually.ts';

const LOG_LINES_MAX = 50_000;

/** A stack, and what a test reads of it. */
export interface World extends Stack {
  /** Every line that the node wrote, ready line included. */
  lines: string[];
  /** How often this process, and the fakes with it, was held up. */
  stalls: Stalls;
  /** The database, by a connection of our own. */
  rows: DataSource;
  /** The value of a metric of the node, summed over its series that carry these labels; 0 when there is none. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** What the fakes dislike. */
  complaints(): string[];
}

/** Starts everything for one file of tests. */
export async function startWorld(options: StackOptions = {}): Promise<World> {
  const lines: string[] = [];
  const stalls = new Stalls();
  const stack = await startStack({
    ...options,
    ...(options.model === null ? {} : { model: { charsPerSecond: CHARS_PER_SECOND, ...options.model } }),
    onLog: (line) => {
      lines.push(line);
      if (lines.length > LOG_LINES_MAX) lines.shift();
    },
  });
  const rows = await openDatabase(stack.database.url, { poolMax: 1, onError: () => undefined });
  return {
    ...stack,
    lines,
    rows,
    stalls,
    metric: async (name, labels = {}) => metricIn(await metricsOf(stack.node.opsPort), name, labels),
    complaints: () => [...stack.twilio.complaints, ...(stack.model?.complaints ?? [])],
    stop: async () => {
      stalls.stop();
      await rows.destroy();
      await stack.stop();
    },
  };
}
