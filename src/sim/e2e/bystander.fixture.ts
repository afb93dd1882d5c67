import { expect } from 'vitest';
import { accountOf, disagreements } from '../account.ts';
import { Caller } from './caller.fixture.ts';
import type { World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';

/** A call that goes on while something bad happens to others: it must not notice. */
export class Bystander {
  readonly caller: Caller;
  private readonly world: World;
  private isLeaving = false;
  private sentences = 0;
  private talking: Promise<void> = Promise.resolve();

  private constructor(world: World, from: string) {
    this.world = world;
    this.caller = new Caller(world, from);
  }

  /** Greeted, and talking from now on. */
  static async begin(world: World, from: string): Promise<Bystander> {
    const bystander = new Bystander(world, from);
    await bystander.caller.hear(GREETING);
    bystander.talking = bystander.talk();
    // Whoever asks how it went is told; nobody asks while it goes on.
    bystander.talking.catch(() => undefined);
    return bystander;
  }

  /** Says one more sentence to its end, hangs up, and has noticed nothing. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    await this.talking;
    const { call } = this.caller;
    const heard = call.heard().map(({ text, whole, faults }) => ({ text, whole, faults }));
    const said = Array.from({ length: this.sentences }, (_, index) => `You said: ${sentence(index)}`);
    expect(heard).toEqual([GREETING, ...said].map((text) => ({ text, whole: true, faults: 0 })));
    expect(call.streams).toHaveLength(1);
    await this.caller.hangUp();
  }

  /** After `leave`: what its journal says agrees with what it heard. */
  async judge(): Promise<void> {
    const account = await accountOf(this.world, this.caller.call);
    expect(disagreements(this.world, this.caller.call, account)).toEqual([]);
    expect(account.state).toBe('ended');
  }

  private async talk(): Promise<void> {
    while (!this.isLeaving) {
      const words = sentence(this.sentences);
      await this.caller.say(words);
      await this.caller.hear(`You said: ${words}`);
      await this.caller.call.waitFor((call) => call.heard().at(-1)?.whole === true);
      this.sentences += 1;
    }
  }
}

/** Numbers in a row would look like those of a card. */
const COLORS = ['red', 'blue', 'green', 'yellow', 'purple', 'orange', 'brown', 'black', 'white', 'grey'];
const THINGS = ['cup', 'chair', 'door', 'window', 'kite', 'umbrella', 'bicycle'];

const sentence = (index: number): string =>
  `I see a ${COLORS[index % COLORS.length]} ${THINGS[index % THINGS.length]}.`;
