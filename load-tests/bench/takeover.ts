import { type Stack, startStack } from '../../src/sim/stack.ts';
import type { SimCall } from '../../src/sim/twilio/index.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { describe, repeated, watched, type Watched } from './quiet.ts';
import { median, type Percentiles, percentiles } from './statistics.ts';

const p95MsTarget = 900;
/** From the model's start of an answer to its first audio. */
const modelFirstAudioMs = 300;
/** Streams broken, each of a call of its own that was greeted and has asked something; so many lines side by side. */
const breaks = 24;
const lines = 4;
const runs = { wanted: 2, triesMax: 4 };
const talkMsMax = 20_000;
const callsMax = 1_000;
const question = 'What are your hours on Tuesday?';
const answerWord = 'Tuesday';

let callers = 0;

/** Another number for each: one number gets only a few lines. */
function caller(): string {
  callers += 1;
  return `+1207${String(callers).padStart(7, '0')}`;
}

/** One caller whose line breaks in mid-conversation: ms from the carrier's question to the first audio of the next stream. */
async function breakOne(stack: Stack): Promise<number> {
  const call = stack.twilio.placeCall({ from: caller(), to: '+12075550142', keepAudio: false });
  try {
    await call.waitFor((one) => one.heardText().includes('help you today'), talkMsMax);
    call.speak(question);
    await call.waitFor((one) => one.heardText().includes(answerWord), talkMsMax);
    const streams = call.streams.length;
    call.stream?.cut();
    await call.waitFor((one) => (one.streams.at(streams)?.firstMediaMs ?? null) !== null, talkMsMax);
    return (call.streams[streams]?.firstMediaMs ?? Number.NaN) - askedMs(call);
  } finally {
    call.hangUp();
    await call.done;
  }
}

/** When the carrier last asked where the call goes on, ms since the call was placed. */
function askedMs(call: SimCall): number {
  const asked = call.webhooks.findLast(({ url }) => new URL(url).pathname === '/voice/next');
  const placedAtMs = performance.now() - call.nowMs();
  return (asked?.atMs ?? Number.NaN) - placedAtMs;
}

async function measure(stack: Stack): Promise<Percentiles & { p95: number }> {
  const timesMs: number[] = [];
  const line = async (): Promise<void> => {
    for (let i = 0; i < breaks / lines; i++) timesMs.push(await breakOne(stack));
  };
  await Promise.all(Array.from({ length: lines }, line));
  const sorted = timesMs.toSorted((a, b) => a - b);
  return { ...percentiles(timesMs), p95: sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const stack = await startStack({
    model: { firstDeltaMs: modelFirstAudioMs, charsPerSecond: 48 },
    env: { CALLS_MAX: String(callsMax), ...(await asStarted()) },
  });
  try {
    await breakOne(stack);
    const pids = [process.pid, stack.node.pid, stack.redis.pid, stack.database.pid];
    const measured = await repeated(runs, async () => {
      const window = await watched(pids, () => measure(stack));
      const { p50, p95, max } = window.result;
      say(`${p50.toFixed(0)} / ${p95.toFixed(0)} / ${max.toFixed(0)} ms (p50 / p95 / max); ${describe(window)}`);
      return window;
    });
    const quiet = measured.isTrusted ? measured.kept.length : 0;
    return {
      figures: figuresOf(measured.kept, measured.isTrusted, stack.twilio.complaints.length),
      runs: { measured: measured.all.length, quiet },
      details: {
        breaks,
        lines,
        modelFirstAudioMs,
        runs: measured.all.map(({ result, noise }) => ({ ...result, noise })),
      },
    };
  } finally {
    await stack.stop();
  }
}

function figuresOf(
  kept: readonly Watched<Percentiles & { p95: number }>[],
  isTrusted: boolean,
  complaints: number,
): Figure[] {
  const of = (name: 'p50' | 'p95' | 'max'): number => median(kept.map(({ result }) => result[name]));
  const name = 'from /voice/next to the first audio of the next stream';
  const beside = `the model takes ${modelFirstAudioMs} ms of it`;
  const target = { is: '≤', value: p95MsTarget } as const;
  return [
    figure({ name: `${name}, p50`, value: of('p50'), unit: 'ms', beside }, isTrusted),
    figure({ name: `${name}, p95`, value: of('p95'), unit: 'ms', beside, target }, isTrusted),
    figure({ name: `${name}, longest`, value: of('max'), unit: 'ms', beside }, isTrusted),
    figure({ name: 'complaints of the carrier', value: complaints, unit: '', target: { is: '=', value: 0 } }, true),
  ];
}

export const takeover: Measure = {
  name: 'takeover',
  title: `a stream that breaks in mid-conversation: how soon the conversation goes on, the model at ${modelFirstAudioMs} ms`,
  run,
};
