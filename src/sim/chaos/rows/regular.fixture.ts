import { expect } from 'vitest';
import type { SimCall } from '../../twilio/index.ts';
import type { History } from '../history.ts';
import type { Experience, Patron, Question } from '../patron.ts';
import { reportOf, sharedMachinePatience } from '../report.ts';
import type { Scene } from '../scene.ts';
import { timelineOf } from '../timeline.ts';

const COLORS = ['red', 'blue', 'green', 'yellow', 'purple', 'orange', 'brown', 'black', 'white', 'grey'];
const THINGS = ['cup', 'chair', 'door', 'window', 'kite', 'umbrella', 'bicycle'];

/** The nth of sentences that no two follow each other alike; numbers in a row would look like those of a card. */
const sentence = (index: number): string =>
  `I see a ${COLORS[index % COLORS.length]} ${THINGS[index % THINGS.length]}.`;

/** A caller who talks on and on while things happen, and is asked in the end whether anything was noticed. */
export class Regular {
  readonly patron: Patron;
  /** How often each sentence had to be said. */
  readonly asks: number[] = [];
  private readonly over: Promise<Experience>;
  private isLeaving = false;
  private greet: () => void = () => undefined;
  private readonly greeted: Promise<void>;

  private constructor(scene: Scene, from: string) {
    this.greeted = new Promise((resolve) => (this.greet = resolve));
    const { patron, over } = scene.call(from, (caller) => this.talk(caller));
    this.patron = patron;
    this.over = over;
    void over.then(() => this.greet());
  }

  /** Calls, and is greeted or done. */
  static async begin(scene: Scene, from: string): Promise<Regular> {
    const regular = new Regular(scene, from);
    await regular.greeted;
    return regular;
  }

  get call(): SimCall {
    return this.patron.call;
  }

  /** The node that holds the stream, counted from 0. */
  get node(): number {
    const url = this.call.streams.at(-1)?.options.url ?? '';
    return Number(/^wss:\/\/node-(\d+)/.exec(url)?.[1]) - 1;
  }

  /** Resolves when the next answer has come. */
  async isAnsweredAgain(boundMs = 30_000): Promise<void> {
    const before = this.asks.length;
    await this.call.waitFor((call) => call.ended || this.asks.length > before, boundMs);
  }

  /** Ends the sentence under way, asks what it was, hangs up. */
  async leave(): Promise<Experience> {
    this.isLeaving = true;
    return this.over;
  }

  private async talk(patron: Patron): Promise<void> {
    await patron.greeted();
    this.greet();
    while (!this.isLeaving) {
      const words = sentence(this.asks.length);
      const question: Question = { words, answer: `You said: ${words}` };
      this.asks.push(await patron.ask(question));
    }
    await patron.remember();
  }
}

/** So many of them, greeted. */
export function regulars(scene: Scene, count: number, prefix: string): Promise<Regular[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      Regular.begin(scene, `+1207${prefix}${String(index).padStart(4, '0')}`),
    ),
  );
}

/** All leave; how it went for each. */
export const farewells = (those: readonly Regular[]): Promise<Experience[]> =>
  Promise.all(those.map((one) => one.leave()));

/** They leave, and nobody noticed anything: one stream, no question of the carrier, no sentence said twice. */
export async function nobodyNoticed(those: readonly Regular[]): Promise<void> {
  const told = (await farewells(those)).map(({ lost, isDegraded }) => [lost, isDegraded]);
  expect(told).toEqual(those.map(() => [null, false]));
  expect(those.map(({ asks }) => asks.filter((times) => times > 1))).toEqual(those.map(() => []));
  expect(those.map(({ call }) => call.streams.length)).toEqual(those.map(() => 1));
  const asked = those.map(({ call }) => call.documents.filter(({ url }) => url?.includes('/voice/next')));
  expect(asked).toEqual(those.map(() => []));
}

/** How often REST asked for it to be moved. */
export const moves = ({ call }: Regular): number => call.documents.filter(({ url }) => url?.includes('move=')).length;

/** Who is still in a call hangs up: a test that failed must not be in the way of the next. */
export async function hangUpAll({ stack }: Scene): Promise<void> {
  const open = stack.twilio.calls.filter(({ ended }) => !ended);
  for (const call of open) call.hangUp();
  await Promise.all(open.map(({ done }) => done));
}

/** Ends the scene and judges all of it: something was recorded, and nothing of it violates an invariant. */
export async function judgeScene(scene: Scene, patience = sharedMachinePatience): Promise<History> {
  const history = await scene.finish();
  const { calls, placements, turns } = history;
  expect(calls.filter(({ arrivals, journal }) => arrivals.length > 0 && journal.length > 0).length).toBeGreaterThan(0);
  expect([placements.length > 0, turns.length > 0]).toEqual([true, true]);
  const { violations } = reportOf(history, patience);
  const about = new Set(violations.map((violation) => violation.about));
  const tales = calls.filter(({ callSid }) => about.has(callSid)).map((call) => timelineOf(call));
  expect(violations, tales.join('\n\n')).toEqual([]);
  return history;
}
