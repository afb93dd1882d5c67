import { setTimeout as wait } from 'node:timers/promises';
import { Patron } from '../../src/sim/chaos/patron.ts';
import { patronStories } from '../../src/sim/chaos/stories.ts';
import type { Stack } from '../../src/sim/stack.ts';
import { Random } from '../../src/sim/twilio/random.ts';

const store = '+12075550142';
const nextMsMax = 400;

/** Callers come and go: so many at the same time as it is told. What they do follows from the seed. */
export class Crowd {
  /** At the same time, about. */
  size = 0;
  /** CallSids of calls that are over. */
  readonly over: string[] = [];
  private readonly stack: Pick<Stack, 'twilio'>;
  private readonly random: Random;
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly patrons = new Set<Patron>();
  private placed = 0;
  private isStopped = false;

  constructor(stack: Pick<Stack, 'twilio'>, seed: number) {
    this.stack = stack;
    this.random = new Random(seed);
  }

  async run(): Promise<void> {
    while (!this.isStopped) {
      const missing = this.size - this.underWay.size;
      // Whoever hears of a promotion calls at once.
      for (let i = 0; i < Math.min(missing, 4); i++) this.place();
      await wait(this.random.between(0, nextMsMax));
    }
    while (this.underWay.size > 0) await Promise.race(this.underWay);
  }

  /** Nobody calls any more, and everybody hangs up. */
  leave(): void {
    this.isStopped = true;
    for (const { call } of this.patrons) if (!call.ended) call.hangUp();
  }

  private place(): void {
    // All kinds of callers, in turn: in a short run each has been there.
    const story = patronStories[this.placed % patronStories.length];
    if (!story) return;
    const own = new Random(this.random.between(0, 2 ** 31));
    const from = `+1207556${String(this.placed++).padStart(4, '0')}`;
    const patron = new Patron(this.stack.twilio.placeCall({ from, to: store, keepAudio: false }));
    this.patrons.add(patron);
    const lived: Promise<unknown> = patron
      .live((one) => story.live(one, own))
      .finally(() => {
        this.patrons.delete(patron);
        this.underWay.delete(lived);
        this.over.push(patron.call.sid);
      });
    this.underWay.add(lived);
  }
}
