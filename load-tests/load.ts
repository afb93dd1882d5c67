import { join, relative } from 'node:path';
import { type Knee, kneeOf, kneeWords, type Step } from './run/knee.ts';
import { type LoadOptions, readOptions, UsageError } from './run/options.ts';
import { interferenceWords } from './run/page.ts';
import { writeReport } from './report/write.ts';
import { type LoadResult, writeResult } from './run/result.ts';
import { type Level, Run, RunError } from './run/run.ts';
import { agreementLines, tableOf } from './run/table.ts';
import { exitCodes, isBottleneck } from './run/verdict.ts';

const resultsFolder = join(import.meta.dirname, 'results');
/** Beyond what the callers take: to start, to calibrate, to let calls end, to stop. */
const extraMs = 300_000;
const usageCode = 64;
const interruptedCode = 130;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm run load -- SCENARIO`: 0 when all thresholds were kept, 1 when one was not, 2 when the result is void. */
async function load(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  const run = await Run.begin(options, (line) => say(`  ${line}`));
  const watchdog = setTimeout(() => expire(run), boundMs(options));
  let interrupts = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => (interrupts++ === 0 ? run.interrupt() : process.exit(interruptedCode)));
  try {
    say(`${options.scenario}: ${options.plan.title}`);
    await run.startGround();
    const result = await (options.scenario === 'ramp' ? climb(run, options) : once(run, options));
    const written = await writeResult(options.out ?? resultsFolder, { ...result, command: commandOf(args) });
    if (options.out === null) await writeReport();
    for (const line of ['', ...tableOf(result), '', ...agreementLines(result), interferenceWords(result)]) say(line);
    if (result.knee) say(kneeWords(result.knee));
    say(`Verdict: ${result.judgement.verdict}`);
    for (const reason of result.judgement.reasons) say(`  ${reason}`);
    say(
      `Written: ${Object.values(written)
        .map((path) => relative(process.cwd(), path))
        .join(', ')}`,
    );
    return interrupts > 0 ? interruptedCode : exitCodes[result.judgement.verdict];
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return interrupts > 0 ? interruptedCode : exitCodes.void;
  } finally {
    await run.stop();
    clearTimeout(watchdog);
  }
}

async function once(run: Run, options: LoadOptions): Promise<LoadResult> {
  const calibration = await run.calibrate(options.calls);
  say(`  ${options.calls} calls, ${Math.round(60 * options.minutes)} s and their last turns`);
  const level = await run.level(options.calls, options.minutes, calibration);
  return resultOf(run, options, level, null);
}

/** Shares of the most calls that are tried; the first is the unloaded one. */
const levels = [0.05, 0.25, 0.5, 0.75, 1];
/** Fewer have too few answers in the time of a level. */
const levelCallsMin = 20;

/** Each level is a load of its own: what is too much for the one before is not seen in the next. */
async function climb(run: Run, options: LoadOptions): Promise<LoadResult> {
  const steps: Step[] = [];
  let last: Level | null = null;
  let knee: Knee | null = null;
  for (const share of levels) {
    const calls = Math.max(levelCallsMin, Math.round(options.calls * share));
    const calibration = await run.calibrate(calls);
    say(`  ${calls} calls`);
    const level = await run.level(calls, options.minutes / levels.length, calibration);
    steps.push(stepOf(calls, level));
    knee = kneeOf(steps, options.nodes);
    if (last !== null && knee.broken !== null) break;
    last = level;
  }
  if (last === null) throw new RunError('no level was measured');
  return resultOf(run, options, last, knee);
}

function stepOf(calls: number, { summary, judgement, rig, nodeCores }: Level): Step {
  const silence = summary.trends.aida_silence;
  const failed = Object.values(summary.calls.failed).reduce((sum, count) => sum + count, 0);
  return {
    calls,
    failedShare: summary.calls.started === 0 ? 1 : failed / summary.calls.started,
    p95Ms: silence && silence.count >= 20 ? silence.p95 : null,
    nodeCores,
    isVoid: isBottleneck(judgement, rig),
  };
}

function resultOf(run: Run, options: LoadOptions, level: Level, knee: Knee | null): LoadResult {
  const { summary, judgement, rig, timeline, agreements } = level;
  const happenings = run.operator?.happenings ?? [];
  return { title: options.plan.title, command: '', summary, judgement, rig, timeline, happenings, knee, agreements };
}

/** Where files of this machine go says nothing of what was measured. */
const places = ['--out', '--log'];

function commandOf(args: readonly string[]): string {
  const shown = args.flatMap((arg, index) => {
    if (args[index - 1] === '--token') return ['***'];
    if (places.includes(arg.replace(/=.*/, '')) || places.includes(args[index - 1] ?? '')) return [];
    return [arg.replace(/^(--token=).*/, '$1***')];
  });
  return `npm run load -- ${shown.join(' ')}`;
}

function boundMs({ minutes, plan }: LoadOptions): number {
  return minutes * 60_000 + extraMs + plan.drainS * 1000;
}

/** The last resort: whatever hangs, this ends. */
function expire(run: Run): void {
  process.stderr.write('the run was not over at its bound\n');
  setTimeout(() => process.exit(exitCodes.void), 30_000).unref();
  void run.stop().finally(() => process.exit(exitCodes.void));
}

try {
  process.exitCode = await load(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof UsageError ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = error instanceof UsageError ? usageCode : exitCodes.void;
}
