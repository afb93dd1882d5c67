import { cpuMsOf } from '../cores.ts';
import { Pacer, until } from '../pacer.ts';
import { watched, type Watched } from '../quiet.ts';
import { percentiles, type Percentiles } from '../statistics.ts';
import { cycleMs, type LineLedgers, type StreamPlace, TurnCaller } from './caller.ts';
import { anyHost, type Certificate, type Contestant } from './contestants.ts';
import { FrameLedger, frameMs } from './frames.ts';
import { TurnModel } from './model.ts';
import { directPath, firstAudioMs, turnSilenceMs } from './model-line.ts';

const readyMsMax = 20_000;
const underWayMsMax = 2_000;
const hangUpMsMax = 10_000;
const arrivalsPerS = 60;
/** Of a core, that callers and model together may take: above it what they measure is their own. */
export const rigShareMax = 0.75;
/** A caller's frame may leave so late behind its moment, p99. */
export const rigLateMsMax = 5;
const lateEvery = 16;
/** Phases that are as random as they are the same in every run: steps of the golden ratio. */
const goldenShare = 0.618_033_988_75;
/** Frames of speech that end a window: whoever gathers silence passes on what it holds. */
const flushFrames = 3;
const settleMs = 600;

export interface Window {
  calls: number;
  toModel: Percentiles;
  toCaller: Percentiles;
  /** Ms from the caller's last word to the first of the answer, beyond the model's own; p99 is of little use. */
  answer: Percentiles & { p95: number };
  answers: number;
  /** Behind the moment at which frames were to leave. */
  late: Percentiles;
}

/** What never arrived, or not as it left, and sockets that closed by themselves. */
export interface Lost {
  missing: number;
  disordered: number;
  foreign: number;
  closed: number;
}

export function addLost(one: Lost, other: Lost): Lost {
  return {
    missing: one.missing + other.missing,
    disordered: one.disordered + other.disordered,
    foreign: one.foreign + other.foreign,
    closed: one.closed + other.closed,
  };
}

export interface Measured extends Omit<Watched<Window>, 'cpuMs' | 'elapsedMs'> {
  /** Cores that the contestant took, and callers and model together. */
  cores: { contestant: number; rig: number; beside: number };
  /** Ms of CPU of the contestant for a second of one call. */
  perCallMs: number;
  /** Callers and model kept up: what was measured is the contestant's. */
  isClear: boolean;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Callers and models around whatever is measured: one process, one clock. */
export class Rig {
  readonly #plain: TurnModel;
  readonly #secure: TurnModel;
  readonly #linesMax: number;
  readonly #pacer = new Pacer();
  #ledgers: LineLedgers;
  #callers: TurnCaller[] = [];
  #lateMs: number[] = [];
  #turns = 0;

  private constructor(plain: TurnModel, secure: TurnModel, linesMax: number) {
    this.#plain = plain;
    this.#secure = secure;
    this.#linesMax = linesMax;
    this.#ledgers = plain.ledgers;
  }

  static async start(linesMax: number, { keyFile, file }: Certificate): Promise<Rig> {
    const ledgers = ledgersFor(linesMax);
    const plain = await TurnModel.start({ ledgers });
    return new Rig(plain, await TurnModel.start({ ledgers, tls: { keyFile, file } }), linesMax);
  }

  get plainUrl(): string {
    return this.#plain.url;
  }

  get secureUrl(): string {
    return this.#secure.url;
  }

  /** Models answer every upgrade so much later. */
  openLate(ms: number): void {
    this.#plain.opensAfterMs = ms;
    this.#secure.opensAfterMs = ms;
  }

  /** Brings the contestant to so many calls, all talking. Rejects where it does not take one of them. */
  async grow(contestant: Contestant, calls: number): Promise<void> {
    const from = this.#callers.length;
    const startedAt = performance.now();
    if (contestant.keepsEarlyFrames) this.#talk(calls);
    const opened = await Promise.allSettled(
      Array.from({ length: calls - from }, async (_, i) => {
        await wait(Math.max(0, startedAt + (i * 1000) / arrivalsPerS - performance.now()));
        this.#callers[from + i] = await this.#open(from + i, await contestant.place());
      }),
    );
    const refused = opened.find((one) => one.status === 'rejected');
    if (refused) throw refused.reason;
    await until(
      () => this.#ready() === calls,
      readyMsMax,
      () => `${contestant.name}: ${this.#ready()} of ${calls} lines are open`,
    );
    this.#talk(calls);
  }

  /** The same without anything between the two ends. */
  direct(): Contestant {
    const place = async (): Promise<StreamPlace> => {
      const { port } = this.#plain;
      return { port, path: directPath, headers: anyHost, accountSid: '', callSid: '', parameters: {} };
    };
    return {
      name: 'rig alone',
      pid: process.pid,
      beside: [],
      keepsEarlyFrames: true,
      place,
      ended: async () => undefined,
      pauses: async () => [],
      stop: async () => undefined,
    };
  }

  /** What happens with the calls that are open; without `withSilence` the latency is that of speech alone. */
  async measure(contestant: Contestant, warmMs: number, ms: number, withSilence: boolean): Promise<Measured> {
    await wait(warmMs);
    const pids = [...new Set([process.pid, contestant.pid, ...contestant.beside])];
    const window = await watched(pids, () => this.#look(pids, ms, withSilence));
    const { result, cpuMs, elapsedMs } = window.result;
    const share = (pid: number): number => (cpuMs[pids.indexOf(pid)] ?? Number.NaN) / elapsedMs;
    const cores = {
      contestant: share(contestant.pid),
      rig: share(process.pid),
      beside: contestant.beside.reduce((sum, pid) => sum + share(pid), 0),
    };
    return {
      ...window,
      result,
      cores,
      perCallMs: (cores.contestant * 1000) / this.#callers.length,
      isClear: cores.rig <= rigShareMax && result.late.p99 <= rigLateMsMax,
    };
  }

  /** Judging the machine's calm held everybody up: that has to pass first. */
  async #look(
    pids: readonly number[],
    ms: number,
    withSilence: boolean,
  ): Promise<{ result: Window; cpuMs: number[]; elapsedMs: number }> {
    await wait(settleMs);
    const { toModel, toCaller } = this.#ledgers;
    const before = await Promise.all(pids.map((pid) => cpuMsOf([pid])));
    const from = performance.now();
    for (const caller of this.#callers) caller.answersMs = [];
    this.#lateMs = [];
    toModel.record(withSilence);
    toCaller.record(true);
    await wait(ms);
    const elapsedMs = performance.now() - from;
    const after = await Promise.all(pids.map((pid) => cpuMsOf([pid])));
    const answersMs = this.#callers.flatMap((caller) =>
      caller.answersMs.map((one) => one - turnSilenceMs - firstAudioMs),
    );
    const result: Window = {
      calls: this.#callers.length,
      toModel: toModel.result(),
      toCaller: toCaller.result(),
      answer: { ...percentiles(answersMs), p95: quantile(answersMs, 0.95) },
      answers: answersMs.length,
      late: percentiles(this.#lateMs),
    };
    const cpuMs = pids.map((_, i) => (after[i] ?? Number.NaN) - (before[i] ?? Number.NaN));
    return { result, cpuMs, elapsedMs };
  }

  /** Ends all calls. */
  async end(contestant: Contestant): Promise<Lost> {
    this.#pacer.stop();
    const callers = this.#callers.filter((caller) => caller !== undefined);
    const closed = callers.filter((caller) => !caller.isOpen).length;
    for (let i = 0; i < flushFrames; i++) for (const caller of callers) caller.sendFlush();
    const { toModel, toCaller } = this.#ledgers;
    const isAllHere = (): boolean => toModel.missing <= 0 && toCaller.missing <= 0;
    await until(isAllHere, underWayMsMax, () => 'frames under way').catch(() => undefined);
    const lost = {
      missing: toModel.missing + toCaller.missing,
      disordered: toModel.disordered + toCaller.disordered,
      foreign: toModel.foreign + toCaller.foreign,
      closed,
    };
    for (const caller of callers) caller.hangUp();
    const told = contestant.ended(callers.map(({ callSid }) => callSid));
    await Promise.race([told.catch(() => undefined), wait(hangUpMsMax)]);
    this.#callers = [];
    this.#ledgers = ledgersFor(this.#linesMax);
    this.#plain.reset(this.#ledgers);
    this.#secure.reset(this.#ledgers);
    return lost;
  }

  close(): void {
    this.#pacer.stop();
    this.#plain.close();
    this.#secure.close();
  }

  #open(line: number, place: StreamPlace): Promise<TurnCaller> {
    return TurnCaller.open(line, place, this.#ledgers, Math.floor(((line * goldenShare) % 1) * cycleMs));
  }

  #ready(): number {
    const ready = (model: TurnModel): number => model.lines.filter((line) => line.isReady).length;
    return ready(this.#plain) + ready(this.#secure);
  }

  /** Each line in its own part of 20 ms. */
  #talk(lines: number): void {
    this.#pacer.stop();
    this.#pacer.start(lines, frameMs, (line, dueAt) => {
      if (this.#turns++ % lateEvery === 0) this.#lateMs.push(performance.now() - dueAt);
      this.#callers[line]?.sendFrame();
    });
  }
}

function ledgersFor(lines: number): LineLedgers {
  return { toModel: new FrameLedger(lines), toCaller: new FrameLedger(lines) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
