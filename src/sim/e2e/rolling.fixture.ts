import { readJournal } from '../../directory/journal.ts';
import type { NodeStart } from '../fleet.ts';
import { warmLifeMs } from '../../model/warm.ts';
import { type Stack, startStack } from '../stack.ts';
import { Stalls } from '../stalls.ts';
import type { SimCall } from '../twilio/index.ts';
import { BYTES_PER_MS } from '../voice/index.ts';
import { CHARS_PER_SECOND } from '../account.ts';
import { eventually } from './world.fixture.ts';

const NODES = 3;
const HEARD_MS_MAX = 30_000;
/** Who gets no answer for so long says it again. */
const PATIENCE_MS = 8_000;
const TRIES_MAX = 4;
const PAUSE_MS_MAX = 1_500;
const CALLER_CHARS_PER_SECOND = 32;
const GREETING = 'How can I help you today?';

/** A caller who goes on talking: says a sentence, hears it back, says the next. */
class Talker {
  readonly call: SimCall;
  readonly index: number;
  readonly said: string[] = [];
  /** Sentences that nobody answered: the line was being handed over when they were said. */
  repeated = 0;

  constructor(stack: Stack, index: number) {
    this.index = index;
    const from = `+1207557${1000 + index}`;
    this.call = stack.twilio.placeCall({ from, to: '+12075550142', keepAudio: false });
  }

  async greeted(): Promise<void> {
    await this.call.waitFor(() => this.hasHeard(GREETING), HEARD_MS_MAX);
  }

  async talk(until: () => boolean): Promise<void> {
    while (!until()) {
      const words = `This is sentence number ${this.said.length + 1} of caller ${this.index}`;
      this.said.push(words);
      await this.ask(words, `You said: ${words}`);
      await this.pause(((this.index * 37 + this.said.length * 101) % 10) * (PAUSE_MS_MAX / 10));
    }
  }

  /** The last session of all must know what the first was told. */
  async takeLeave(): Promise<void> {
    await this.ask('What did I just ask you?', `You asked me: ${this.said.at(-1)}`);
    this.call.speak('Goodbye!', CALLER_CHARS_PER_SECOND);
    await this.call.waitFor(() => this.call.ended, HEARD_MS_MAX);
    await this.call.done;
  }

  private async ask(words: string, answer: string): Promise<void> {
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      await this.call.waitFor((call) => call.stream !== null || call.ended, HEARD_MS_MAX);
      this.call.speak(words, CALLER_CHARS_PER_SECOND);
      const heard = () => this.hasHeard(answer) || this.call.ended;
      const isAnswered = await this.call.waitFor(heard, PATIENCE_MS).then(
        () => true,
        () => false,
      );
      if (this.call.ended) throw new Error(`hung up on: ${this.call.describe()}`);
      if (isAnswered) return;
      this.repeated += 1;
    }
    throw new Error(`"${words}" was never answered: ${this.call.describe()}`);
  }

  private hasHeard(words: string): boolean {
    return this.call
      .heard()
      .some(({ speaker, whole, text }) => speaker === 'assistant' && whole && text.includes(words));
  }

  private async pause(ms: number): Promise<void> {
    const untilMs = this.call.nowMs() + ms;
    await this.call.waitFor((call) => call.nowMs() >= untilMs || call.ended, ms + HEARD_MS_MAX);
  }
}

export interface RollingOptions {
  calls: number;
  /** What each node runs first and what it is replaced by, in order; `{}`: this checkout. */
  releases: readonly [NodeStart, ...NodeStart[]];
  /** Seconds that calls may finish on a node that is to end. */
  drainS: number;
}

export interface RollingResult {
  talkers: Talker[];
  /** Exit codes of the processes that were replaced. */
  codes: (number | null)[];
  /** Of each: calls handed over, calls that did not leave in time. */
  drains: { handedOver: number; cut: number }[];
  /** Why each stream of each call ended, as its journal says. */
  streamEnds: string[][];
  /** Pauses within a sentence of the assistant beyond what held this process up, ms. */
  gapsMs: number[];
  complaints: string[];
  warnings: string[];
  /** How each model session was closed. */
  sessionCodes: (number | null)[];
}

/** Calls go on talking while every node is replaced, one after the other, as often as there are releases to go to. */
export async function rollingRestart({ calls, releases, drainS }: RollingOptions): Promise<RollingResult> {
  const drains: RollingResult['drains'] = [];
  const stack = await startStack({
    nodes: NODES,
    each: () => releases[0],
    env: { CALLS_MAX: String(calls), DRAIN_SECONDS: String(drainS) },
    model: { charsPerSecond: CHARS_PER_SECOND },
    onLog: (line) => {
      const [, handedOver, cut] = /"handedOver":(\d+),"cut":(\d+),"msg":"no call is left"/.exec(line) ?? [];
      if (cut !== undefined) drains.push({ handedOver: Number(handedOver), cut: Number(cut) });
    },
  });
  const stalls = new Stalls();
  try {
    const talkers = Array.from({ length: calls }, (_, index) => new Talker(stack, index));
    await Promise.all(talkers.map((talker) => talker.greeted()));
    let replaced = false;
    const talking = Promise.all(talkers.map((talker) => talker.talk(() => replaced)));
    const codes: (number | null)[] = [];
    const roll = async () => {
      for (const release of releases.slice(1))
        for (let index = 0; index < NODES; index += 1) codes.push(await replace(stack, index, release));
      replaced = true;
    };
    await Promise.all([roll(), talking]);
    await Promise.all(talkers.map((talker) => talker.takeLeave()));
    const streamEnds = await Promise.all(talkers.map(({ call }) => streamEndsOf(stack, call.sid)));
    // One that was still connecting when its call ended is opened after it, and closed at once: none waits for its end.
    const sessionCodes = await eventually(
      () => (stack.model?.sessions ?? []).map(({ closed }) => closed?.code ?? null),
      (seen) => !seen.includes(null),
      warmLifeMs / 2,
    );
    return {
      talkers,
      codes,
      drains,
      streamEnds,
      gapsMs: talkers.flatMap(({ call }) => gapsOf(call, stalls)),
      complaints: [...stack.twilio.complaints, ...(stack.model?.complaints ?? [])],
      warnings: stack.twilio.warnings.map((warning) => JSON.stringify(warning)),
      sessionCodes,
    };
  } finally {
    stalls.stop();
    await stack.stop();
  }
}

/** As a deployment does: ask the old process to end, wait for its end, start the new one under its name, wait until it is ready. */
async function replace(stack: Stack, index: number, release: NodeStart): Promise<number | null> {
  const old = stack.nodes[index];
  old?.kill('SIGTERM');
  const code = (await old?.exited) ?? null;
  const { opsPort } = await stack.startNode(index, release);
  await eventually(
    async () => (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).status,
    (status) => status === 200,
  );
  return code;
}

async function streamEndsOf(stack: Stack, callSid: string): Promise<string[]> {
  const entries = await readJournal(stack.link, callSid);
  return entries.flatMap((entry) =>
    entry.kind === 'fact' && entry.fact.type === 'carrier.streamStopped' ? [entry.fact.reason] : [],
  );
}

/** An utterance takes as long to hear as its audio is; what is beyond that was a pause in it. */
function gapsOf(call: SimCall, stalls: Stalls): number[] {
  const { ear, createdAt } = call.leg;
  const originMs = createdAt.getTime() - performance.timeOrigin;
  return ear.utterances().map(({ startMs, endMs }, index) => {
    const span = ear.reader.spans[index];
    const audioMs = span ? (span.endByte - span.startByte) / BYTES_PER_MS : 0;
    return endMs - startMs - audioMs - stalls.longest(originMs + startMs, originMs + endMs);
  });
}
