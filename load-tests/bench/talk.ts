import { turnSilenceMs } from '../../src/model/session-update.ts';
import { readAccount } from '../../src/sim/account.ts';
import { deadAirOf } from '../../src/sim/scenarios/dead-air.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { describe, repeated, watched, type Watched } from './quiet.ts';
import { median } from './statistics.ts';
import { answerMs, bargeInMs, holes, Talker } from './talker.ts';

/** From the model's start of an answer to its first audio. */
const modelMs = 250;
/** From the TwiML to the media socket: name, TCP, TLS and upgrade on the way from the carrier. */
const streamDelayMs = 300;
const charsPerSecond = 48;
const firstWordMsTarget = 100;
const answerMsTarget = 60;
const bargeInMsTarget = 100;
const deadAirMs = 2_000;
const rotationMsTarget = 400;
const runs = { wanted: 2, triesMax: 3 };
/** Of what only stands beside. */
const beside = { wanted: 1, triesMax: 1 };
/** Calls of a run, so many side by side. */
const calls = 24;
const lines = 8;
/** Callers do not arrive all in one moment. */
const apartMs = 400;
/** Of the longest call: sessions of half a minute are replaced at five sixths of it. */
const sessionS = 30;
const longCallS = 90;
const longTurnS = 5;
const warmCalls = 4;
const long =
  'There is coffee and espresso and tea, there is food and there are beans, and every week there is something new that I could tell you about for a very long time.';

/** What one call was for its caller, ms. */
interface Heard {
  firstWordMs: number;
  /** Beyond the model's own window and delay. */
  answersMs: number[];
  bargeInMs: number;
  deadAirMs: number;
}

/** Greeted, answered twice, told something long and interrupted. */
async function converse(stack: Stack): Promise<Heard> {
  const talker = new Talker(stack);
  const { call } = talker;
  await talker.hear('help you today');
  for (const words of ['This is the first thing.', 'And this is the second thing.']) {
    await talker.say(words);
    await talker.hear(words);
  }
  await talker.say('Tell me everything.');
  await talker.hear('espresso and tea');
  await talker.say('Stop, this is enough.', { atOnce: true });
  await talker.hear('this is enough');
  await talker.leave();
  const answersMs = [0, 1, 2].map((index) => answerMs(call, index) - turnSilenceMs - modelMs);
  const [stream] = call.streams;
  const firstWordMs = (stream?.firstMediaMs ?? Number.NaN) - (stream?.startedMs ?? Number.NaN);
  const { fromMs, toMs } = deadAirOf({ call, pauses: [] });
  return { firstWordMs, answersMs, bargeInMs: bargeInMs(call), deadAirMs: toMs - fromMs };
}

async function talkAll(stack: Stack): Promise<Heard[]> {
  const heard: Heard[] = [];
  const line = async (index: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, index * apartMs));
    for (let i = 0; i < calls / lines; i++) heard.push(await converse(stack));
  };
  await Promise.all(Array.from({ length: lines }, (_, index) => line(index)));
  return heard;
}

function stackWith(options: {
  speech: boolean;
  env?: Record<string, string>;
  sessionSeconds?: number;
}): Promise<Stack> {
  const { speech, env = {}, sessionSeconds } = options;
  return startStack({
    speech,
    model: {
      firstDeltaMs: modelMs,
      charsPerSecond,
      script: ({ kind, heard }) => (kind === 'caller' && /everything/i.test(heard) ? [{ say: long }] : null),
      ...(sessionSeconds === undefined ? {} : { sessionSeconds }),
    },
    twilio: { faults: { streamDelayMs } },
    env: { CALLS_MAX: '1000', ...env },
    args: ['--faults'],
  });
}

interface Rotated {
  rotations: number;
  lost: number;
  remembered: boolean;
  /** The longest silence before an answer, beyond the model's own, and the longest hole inside one. */
  gapMs: number;
}

/** A call that outlives its model's sessions: something is said every few seconds. */
async function outlive(stack: Stack): Promise<Rotated> {
  const talker = new Talker(stack);
  const { call } = talker;
  await talker.hear('help you today');
  let words = '';
  for (let turn = 1; call.nowMs() < longCallS * 1000; turn += 1) {
    words = `This is the thing with the number ${turn}.`;
    await talker.say(words, { afterS: longTurnS - 2 });
    await talker.hear(words);
  }
  await talker.say('What did I just ask you?');
  const remembered = await talker.hear(`You asked me: ${words}`).then(
    () => true,
    () => false,
  );
  await talker.leave();
  const { facts } = await readAccount(stack, call);
  const gaps = call.said.map((_, index) => answerMs(call, index) - turnSilenceMs - modelMs);
  return {
    rotations: facts.filter((fact) => fact.type === 'model.rotated' && fact.sessionId !== null).length,
    lost: facts.filter(({ type }) => type === 'model.lost').length,
    remembered,
    gapMs: Math.max(...gaps, ...holes(call)),
  };
}

async function rotate(): Promise<Rotated> {
  const env = { MODEL_SESSION_SECONDS: String(sessionS), ...(await asStarted()) };
  const stack = await stackWith({ speech: true, env, sessionSeconds: sessionS + 1 });
  try {
    return await outlive(stack);
  } finally {
    await stack.stop();
  }
}

const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

type Runs = Awaited<ReturnType<typeof repeated<Heard[]>>>;

async function measure(
  options: { speech: boolean; cold: boolean; runs: { wanted: number; triesMax: number } },
  say: (line: string) => void,
): Promise<{ measured: Runs; complaints: string[] }> {
  const stack = await stackWith({ speech: options.speech, env: await asStarted() });
  try {
    if (options.cold) await stack.node.inflict({ cold: true });
    await Promise.all(Array.from({ length: warmCalls }, () => converse(stack)));
    const pids = [process.pid, stack.node.pid, stack.redis.pid, stack.database.pid];
    const measured = await repeated(options.runs, async () => {
      const window = await watched(pids, () => talkAll(stack));
      say(`${words(options)}: ${short(window)}`);
      return window;
    });
    return { measured, complaints: [...stack.twilio.complaints, ...(stack.model?.complaints ?? [])] };
  } finally {
    await stack.stop();
  }
}

const words = ({ speech, cold }: { speech: boolean; cold: boolean }): string =>
  `${cold ? 'cold' : 'warm'}${speech ? ', prepared greeting' : ''}`;

const pick = {
  firstWord: (heard: readonly Heard[]) => heard.map(({ firstWordMs }) => firstWordMs),
  answer: (heard: readonly Heard[]) => heard.flatMap(({ answersMs }) => answersMs),
  bargeIn: (heard: readonly Heard[]) => heard.map(({ bargeInMs: ms }) => ms),
};

function short(window: Watched<Heard[]>): string {
  const one = (values: number[]): string => [0.5, 0.95].map((share) => quantile(values, share).toFixed(0)).join(' / ');
  const { result, ...rest } = window;
  return `first word ${one(pick.firstWord(result))}, answer +${one(pick.answer(result))}, silence after an interruption ${one(pick.bargeIn(result))} ms (p50 / p95); ${describe(rest)}`;
}

/** The median of the runs' quantiles. */
function of({ kept }: Runs, values: (heard: readonly Heard[]) => number[], share: number): number {
  return median(kept.map(({ result }) => quantile(values(result), share)));
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const cold = await measure({ speech: false, cold: true, runs: beside }, say);
  const warm = await measure({ speech: false, cold: false, runs }, say);
  const prepared = await measure({ speech: true, cold: false, runs: beside }, say);
  const rotated = await rotate();
  say(
    `${rotated.rotations} sessions were replaced in a call of ${longCallS} s: longest gap ${rotated.gapMs.toFixed(0)} ms`,
  );
  const { measured } = warm;
  const complaints = [...cold.complaints, ...warm.complaints, ...prepared.complaints].length;
  return {
    figures: figuresOf({ warm: measured, cold: cold.measured, prepared: prepared.measured, rotated, complaints }),
    runs: { measured: measured.all.length, quiet: measured.isTrusted ? measured.kept.length : 0 },
    details: { calls, lines, modelMs, turnSilenceMs, rotated, runs: measured.all.map(plain) },
  };
}

interface Found {
  warm: Runs;
  cold: Runs;
  prepared: Runs;
  rotated: Rotated;
  complaints: number;
}

function figuresOf({ warm, cold, prepared, rotated, complaints }: Found): Figure[] {
  const { isTrusted } = warm;
  const at = (name: string, value: number, bound: number, beside: string): Figure =>
    figure({ name, value, unit: 'ms', beside, target: { is: '≤', value: bound } }, isTrusted);
  const median50 = (values: (heard: readonly Heard[]) => number[]) => ({
    beside: `p50 ${of(warm, values, 0.5).toFixed(0)} ms`,
  });
  const firstCold = [0.5, 0.95].map((share) => of(cold, pick.firstWord, share).toFixed(0)).join(' / ');
  const dead = warm.kept.flatMap(({ result }) => result.filter((one) => one.deadAirMs > deadAirMs)).length;
  const none = (name: string, value: number): Figure =>
    figure({ name, value, unit: '', target: { is: '=', value: 0 } }, true);
  return [
    at(
      'first word, warm, p95',
      of(warm, pick.firstWord, 0.95),
      firstWordMsTarget,
      `p50 ${of(warm, pick.firstWord, 0.5).toFixed(0)} ms; without warming ${firstCold} ms (p50 / p95); the model needs ${modelMs} ms, the carrier opens the stream after ${streamDelayMs}`,
    ),
    at('first word, prepared greeting, p95', of(prepared, pick.firstWord, 0.95), firstWordMsTarget, ''),
    at(
      'silence before an answer beyond the model’s own, p95',
      of(warm, pick.answer, 0.95),
      answerMsTarget,
      `${median50(pick.answer).beside}; the model’s own: ${turnSilenceMs} ms to hear the end and ${modelMs} ms`,
    ),
    at('barge-in to silence, p95', of(warm, pick.bargeIn, 0.95), bargeInMsTarget, median50(pick.bargeIn).beside),
    none(`calls with more than ${deadAirMs / 1000} s of dead air`, dead),
    at('longest gap while sessions are replaced', rotated.gapMs, rotationMsTarget, `${rotated.rotations} replaced`),
    figure(
      { name: 'sessions replaced in 90 s', value: rotated.rotations, unit: '', target: { is: '≥', value: 2 } },
      true,
    ),
    none('forgotten or lost meanwhile', rotated.lost + (rotated.remembered ? 0 : 1)),
    none('complaints of the fakes', complaints),
  ];
}

function plain({ result, noise, isQuiet }: Watched<Heard[]>) {
  const both = (values: number[]) => ({ p50: quantile(values, 0.5), p95: quantile(values, 0.95) });
  return {
    firstWord: both(pick.firstWord(result)),
    answer: both(pick.answer(result)),
    bargeIn: both(pick.bargeIn(result)),
    noise,
    isQuiet,
  };
}

export const talk: Measure = {
  name: 'talk',
  title: 'the first word, the silence before answers, interruptions and sessions replaced, at the caller’s ear',
  run,
};
