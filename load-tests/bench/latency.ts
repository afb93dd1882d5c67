import { type Stack, startStack } from '../../src/sim/stack.ts';
import { CallerLine, type LineTimes } from './caller-line.ts';
import { Carrier } from './carrier.ts';
import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { frameMs, FrameTimes } from './frame-times.ts';
import { directPath, LeanModel } from './lean-model.ts';
import { asStarted } from './node-flags.ts';
import { Pacer, until } from './pacer.ts';
import { describe, repeated, watched, type Watched } from './quiet.ts';
import { median, type Percentiles } from './statistics.ts';

const calls = 100;
const p99MsTarget = 5;
/** Of its own the rig may add so much of the target before a missed one is void. */
const rigShareMax = 0.15;
const windowMs = 6_000;
const warmUpMs = 1_000;
/** Before the first window: code is compiled, heaps have grown. */
const firstWarmUpMs = 4_000;
const runs = { wanted: 3, triesMax: 8 };
/** The same without a node between the two ends. */
const calibrations = { wanted: 3, triesMax: 4 };
const readyMsMax = 20_000;
const underWayMsMax = 2_000;
const hangUpMsMax = 10_000;

interface Window {
  toModel: Percentiles;
  toCaller: Percentiles;
}

function newTimes(): LineTimes {
  return { toModel: new FrameTimes(calls), toCaller: new FrameTimes(calls) };
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Both ends of every line talk all the time, each line in its own 200 µs. */
function talk(pacer: Pacer, callers: readonly CallerLine[], model: LeanModel): void {
  pacer.start(calls, frameMs, (line) => {
    callers[line]?.sendFrame();
    model.lines[(line + calls / 2) % calls]?.sendFrame();
  });
}

interface Room {
  callers: readonly CallerLine[];
  model: LeanModel;
  times: LineTimes;
}

/** Lets all lines talk, looks at what leaves after the warm-up, and waits for what is under way. */
async function measureWindow({ callers, model, times }: Room, warmMs: number, ms: number): Promise<Window> {
  const pacer = new Pacer();
  talk(pacer, callers, model);
  await wait(warmMs);
  times.toModel.record();
  times.toCaller.record();
  await wait(ms);
  pacer.stop();
  const isAllHere = (): boolean => times.toModel.missing <= 0 && times.toCaller.missing <= 0;
  await until(isAllHere, underWayMsMax, () => 'frames under way').catch(() => undefined);
  return { toModel: times.toModel.result(), toCaller: times.toCaller.result() };
}

interface Conversation {
  windows: Awaited<ReturnType<typeof repeated<Window>>>;
  lost: number;
  disordered: number;
}

/** Measures some windows, and counts what never arrived. */
async function converse(
  room: Room,
  measure: { pids: readonly number[]; wanted: number; triesMax: number; onWindow: (window: Watched<Window>) => void },
): Promise<Conversation> {
  await measureWindow(room, firstWarmUpMs, 0);
  const windows = await repeated(measure, async () => {
    const window = await watched(measure.pids, () => measureWindow(room, warmUpMs, windowMs));
    measure.onWindow(window);
    return window;
  });
  const { toModel, toCaller } = room.times;
  return {
    windows,
    lost: toModel.missing + toCaller.missing,
    disordered: toModel.disordered + toCaller.disordered + toModel.foreign + toCaller.foreign,
  };
}

async function calibrate(model: LeanModel, say: (line: string) => void): Promise<Conversation> {
  const times = newTimes();
  model.reset(times);
  const callers: CallerLine[] = [];
  for (let line = 0; line < calls; line++) callers.push(await CallerLine.direct(line, model.port, directPath, times));
  const onWindow = (window: Watched<Window>): void => say(`rig alone: ${short(window)}`);
  const conversation = await converse({ callers, model, times }, { ...calibrations, pids: [process.pid], onWindow });
  for (const caller of callers) caller.hangUp();
  return conversation;
}

async function measureNode(stack: Stack, model: LeanModel, say: (line: string) => void): Promise<Conversation> {
  const times = newTimes();
  model.reset(times);
  const { node, redis, database } = stack;
  const carrier = Carrier.of(stack);
  const callers: CallerLine[] = [];
  try {
    for (let line = 0; line < calls; line++) callers.push(await CallerLine.dial(line, carrier, times));
    const speaking = (): number => model.lines.filter((line) => line.speaks).length;
    await until(
      () => speaking() === calls,
      readyMsMax,
      () => `${speaking()} of ${calls} lines are open`,
    );
    const pids = [process.pid, node.pid, redis.pid, database.pid];
    const onWindow = (window: Watched<Window>): void =>
      say(`through the node: ${short(window)}, ${cores(window, node.pid)} of a core`);
    const conversation = await converse({ callers, model, times }, { ...runs, pids, onWindow });
    if (!callers.every((caller) => caller.isOpen)) throw new Error('a stream was closed while it was measured');
    return conversation;
  } finally {
    for (const caller of callers) caller.hangUp();
    const told = Promise.all(callers.map((caller) => carrier.complete(caller.callSid)));
    await Promise.race([told.catch(() => undefined), wait(hangUpMsMax)]);
    carrier.close();
  }
}

function short({ result: { toModel, toCaller }, ...rest }: Watched<Window>): string {
  const one = ({ p50, p99, p999 }: Percentiles): string => [p50, p99, p999].map((ms) => ms.toFixed(2)).join(' / ');
  return `to the model ${one(toModel)}, to the caller ${one(toCaller)} ms (p50 / p99 / p99.9); ${describe(rest)}`;
}

function cores({ cpuMs, elapsedMs }: Watched<unknown>, pid: number): string {
  return ((cpuMs.get(pid) ?? Number.NaN) / elapsedMs).toFixed(2);
}

function figuresOf(node: Conversation, rig: Conversation, isPinned: boolean): Figure[] {
  const of = ({ windows }: Conversation, side: keyof Window, name: 'p50' | 'p99' | 'p999'): number =>
    median(windows.kept.map(({ result }) => result[side][name]));
  const isTrusted = node.windows.isTrusted && isPinned;
  const figures: Figure[] = [];
  for (const [side, words] of [
    ['toModel', 'caller to model'],
    ['toCaller', 'model to caller'],
  ] as const) {
    for (const [name, label] of [
      ['p50', 'p50'],
      ['p99', 'p99'],
      ['p999', 'p99.9'],
    ] as const) {
      const rigMs = of(rig, side, name);
      const beside = `rig alone ${rigMs.toFixed(2)} ms`;
      const target = name === 'p99' ? { target: { is: '<', value: p99MsTarget } as const } : {};
      const isClear = isTrusted && rigMs <= p99MsTarget * rigShareMax;
      figures.push(
        figure({ name: `${words}, ${label}`, value: of(node, side, name), unit: 'ms', beside, ...target }, isClear),
      );
    }
  }
  figures.push(figure({ name: 'frames lost', value: node.lost, unit: '', target: { is: '=', value: 0 } }, true));
  figures.push(
    figure(
      { name: 'frames out of turn or changed', value: node.disordered, unit: '', target: { is: '=', value: 0 } },
      true,
    ),
  );
  return figures;
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const model = await LeanModel.start(newTimes());
  let stack: Stack | null = null;
  const isApart = await keepToOtherCores();
  try {
    const rig = await calibrate(model, say);
    stack = await startStack({
      model: null,
      env: { OPENAI_REALTIME_URL: model.url, CALLS_MAX: String(2 * calls), ...(await asStarted()) },
    });
    const isPinned = isApart && (await pinToOwnCore(stack.node.pid));
    if (!isPinned) say('the node cannot be pinned to a core here: what is missed is void');
    const node = await measureNode(stack, model, say);
    const { pid } = stack.node;
    const figures = figuresOf(node, rig, isPinned);
    const used = median(node.windows.kept.map((window) => (window.cpuMs.get(pid) ?? Number.NaN) / window.elapsedMs));
    figures.push(
      figure({ name: 'CPU of the node for a second of one call', value: (used * 1000) / calls, unit: 'ms' }, true),
    );
    const details = {
      calls,
      windowMs,
      isPinned,
      node: node.windows.all.map(plain(pid)),
      rig: rig.windows.all.map(plain(pid)),
    };
    return {
      figures,
      runs: { measured: node.windows.all.length, quiet: node.windows.isTrusted ? node.windows.kept.length : 0 },
      details,
    };
  } finally {
    await stack?.stop();
    await model.close();
    await useAllCores();
  }
}

function plain(nodePid: number) {
  return ({ result, noise, isQuiet, cpuMs, elapsedMs }: Watched<Window>) => {
    const share = (pid: number): number | null => (cpuMs.has(pid) ? (cpuMs.get(pid) ?? 0) / elapsedMs : null);
    return { ...result, noise, isQuiet, cores: { node: share(nodePid), rig: share(process.pid) } };
  };
}

export const latency: Measure = {
  name: 'latency',
  title: `what the node adds to a frame at ${calls} calls, both ends of each talking all the time, on one core`,
  run,
};
