import type { DataSource } from 'typeorm';
import { openDatabase } from '../../services/database.ts';
import { type Stack, type StackOptions, startStack } from '../stack.ts';
import { Stalls } from './stalls.fixture.ts';

/** The assistant talks three times as fast as people do: what is to be heard is heard sooner. */
export const CHARS_PER_SECOND = 48;
const POLL_MS = 50;
const POLL_BOUND_MS = 20_000;
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

export async function metricsOf(opsPort: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${opsPort}/metrics`);
  return answer.text();
}

function metricIn(text: string, name: string, labels: Record<string, string>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Asks again and again until `settled` holds of the answer; gives the last answer when it never does. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  settled: (answer: T) => boolean,
  boundMs = POLL_BOUND_MS,
): Promise<T> {
  const untilMs = performance.now() + boundMs;
  for (;;) {
    const answer = await ask();
    if (settled(answer) || performance.now() > untilMs) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
