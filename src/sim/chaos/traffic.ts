import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../twilio/random.ts';
import type { Scene } from './scene.ts';
import { patronStories, type PatronStory } from './stories.ts';

export interface TrafficOptions {
  seed: number;
  /** Calls at the same time, about. */
  callsMax: number;
  /** Of all the run. */
  callsTotalMax: number;
}

/** Between two callers. */
const NEXT_MS_MAX = 600;

/** Callers come and go until they are told to stop; what they do follows from the seed. */
export class Traffic {
  private readonly scene: Scene;
  private readonly options: TrafficOptions;
  private readonly random: Random;
  private readonly underWay = new Set<Promise<void>>();
  private placed = 0;
  private isStopped = false;

  constructor(scene: Scene, options: TrafficOptions) {
    this.scene = scene;
    this.options = options;
    this.random = new Random(options.seed);
  }

  /** Resolves when it was stopped, or has placed all its calls, and every caller has hung up. */
  async run(): Promise<void> {
    while (!this.isStopped && this.placed < this.options.callsTotalMax) {
      if (this.underWay.size < this.options.callsMax) this.place();
      await wait(this.random.between(0, NEXT_MS_MAX));
    }
    while (this.underWay.size > 0) await Promise.race(this.underWay);
  }

  /** Nobody calls any more; who is in a call goes on. */
  stop(): void {
    this.isStopped = true;
  }

  private place(): void {
    this.placed += 1;
    const story = patronStories[this.random.between(0, patronStories.length)] as PatronStory;
    const own = new Random(this.random.between(0, 2 ** 31));
    const from = `+1207556${String(this.placed).padStart(4, '0')}`;
    const lived: Promise<void> = this.scene
      .call(from, (patron) => story.live(patron, own))
      .over.then((experience) => {
        if (experience.lost !== null) experience.lost = `${story.name}: ${experience.lost}`;
      })
      .finally(() => this.underWay.delete(lived));
    this.underWay.add(lived);
  }
}
