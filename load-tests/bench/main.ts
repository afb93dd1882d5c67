import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeReport } from '../report/write.ts';
import { actor } from './actor.ts';
import { coreCount } from './cores.ts';
import { directory } from './directory.ts';
import { dashboard } from './dashboard.ts';
import type { Measure, Outcome } from './figure.ts';
import { frame } from './frame.ts';
import { growth } from './growth.ts';
import { journal } from './journal.ts';
import { latency } from './latency.ts';
import { webhook } from './webhook.ts';
import { memory } from './memory.ts';
import { path } from './path.ts';
import { pipeline } from './pipeline.ts';
import { placement } from './placement.ts';
import { printAll, printOutcome } from './print.ts';
import { redis } from './redis.ts';
import { relay } from './relay.ts';
import { scale } from './scale.ts';
import { scrape } from './scrape.ts';
import { socket } from './socket.ts';
import { takeover } from './takeover.ts';
import { talk } from './talk.ts';
import { telemetry } from './telemetry.ts';
import { tools } from './tools.ts';

const resultsDir = join(import.meta.dirname, '../results');
const measures: readonly Measure[] = [
  frame,
  socket,
  latency,
  memory,
  growth,
  path,
  scale,
  webhook,
  takeover,
  placement,
  directory,
  redis,
  talk,
  actor,
  journal,
  tools,
  telemetry,
  scrape,
  relay,
  pipeline,
  dashboard,
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm run bench [-- NAME…] [-- --strict]`. Returns the exit code: 1 only when strict, for figures that miss a target. */
async function bench(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { strict: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !measures.some((measure) => measure.name === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `no such measure: ${unknown.join(', ')}; there are ${measures.map(({ name }) => name).join(', ')}\n`,
    );
    return 2;
  }
  const outcomes: { measure: string; outcome: Outcome }[] = [];
  let missed = 0;
  const chosen = measures.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  for (const measure of chosen) {
    say(`\n${measure.name}: ${measure.title}`);
    const outcome = await measure.run((line) => say(`  ${line}`));
    printOutcome(outcome, say);
    await save(measure, outcome);
    outcomes.push({ measure: measure.name, outcome });
    missed += outcome.figures.filter(({ verdict }) => verdict === 'missed').length;
  }
  if (outcomes.length > 1) printAll(outcomes, say);
  await writeReport();
  say(missed === 0 ? '\nNo target was missed.' : `\n${missed} ${missed === 1 ? 'target was' : 'targets were'} missed.`);
  return values.strict && missed > 0 ? 1 : 0;
}

async function save(measure: Measure, outcome: Outcome): Promise<void> {
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: coreCount,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
  const result = {
    measure: measure.name,
    title: measure.title,
    command: `npm run bench -- ${measure.name}`,
    at: new Date().toISOString(),
    machine,
    ...outcome,
  };
  await mkdir(resultsDir, { recursive: true });
  await writeFile(join(resultsDir, `${measure.name}.json`), `${JSON.stringify(result, rounded, 2)}\n`);
}

/** Four digits say all that such a measurement knows. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

process.exitCode = await bench();
