import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runNemesis } from './nemesis.ts';
import { timelineOf } from './timeline.ts';
import { rendered, reportOf } from './report.ts';

const MINUTES = 5;
const MINUTES_MAX = 240;
/** Calls whose course is told. */
const TALES_MAX = 8;
const SEEDS = 2 ** 31;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    calls: { type: 'string' },
    dump: { type: 'string' },
  },
});
const seed = number('seed', values.seed, 0, SEEDS) ?? Math.floor(Math.random() * SEEDS);
const minutes = number('minutes', values.minutes, 0.1, MINUTES_MAX) ?? MINUTES;
const callsMax = number('calls', values.calls, 1, 500);

function number(name: string, text: string | undefined, least: number, most: number): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  process.stderr.write(`--${name} ${text}: a number from ${least} to ${most} is needed\n`);
  process.exit(2);
}

process.stdout.write(`seed ${seed}, ${minutes} minutes\n`);
const startedMs = performance.now();
const history = await runNemesis({
  seed,
  minutes,
  ...(callsMax === null ? {} : { callsMax }),
  onStep: (step) =>
    process.stdout.write(`${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(7)} s  ${step}\n`),
});
// For whoever wants to know how it came to a violation.
if (values.dump !== undefined) await writeFile(values.dump, JSON.stringify(history, null, 1));
const report = reportOf(history);
process.stdout.write(`${rendered(report)}\n`);
const about = new Set(report.violations.map((violation) => violation.about));
for (const call of history.calls.filter(({ callSid }) => about.has(callSid)).slice(0, TALES_MAX))
  process.stdout.write(`\n${timelineOf(call)}\n`);
// By word: Node may wait for ever for the pipe of a child that was killed while it was frozen.
process.exit(report.violations.length > 0 ? 1 : 0);
