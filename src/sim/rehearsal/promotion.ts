import { setTimeout as wait } from 'node:timers/promises';
import { type Experience, Patron } from '../chaos/patron.ts';
import { patronStories } from '../chaos/stories.ts';
import { Random } from '../twilio/random.ts';
import type { FakeTwilio } from '../twilio/index.ts';

export interface PromotionOptions {
  twilio: Pick<FakeTwilio, 'placeCall'>;
  /** So many calls in all, and at the same time at most. */
  calls: number;
  atOnce: number;
  /** Who calls when, and wants what, follows from it. */
  seed: number;
  /** The first caller's place among all callers ever: none has the number of another. */
  first?: number;
  /** Told of each call that is over. */
  onOver?: (story: string, experience: Experience) => void;
  /** Aborted: nobody calls any more, and everybody hangs up. */
  signal?: AbortSignal;
}

const STORE = '+12075550142';
const NEXT_MS_MAX = 300;

/** People call because they heard of a promotion. Resolves when the last call is over. */
export async function promote(options: PromotionOptions): Promise<Experience[]> {
  const { twilio, calls, atOnce, seed, first = 0, onOver, signal } = options;
  const random = new Random(seed);
  const experiences: Experience[] = [];
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < calls && !signal?.aborted) {
      const index = first + next++;
      // All kinds of callers, in turn: in a short run each has been there.
      const story = patronStories[index % patronStories.length];
      if (!story) return;
      const own = new Random(random.between(0, 2 ** 31));
      await wait(random.between(0, NEXT_MS_MAX));
      const from = `+1207556${String(index % 10_000).padStart(4, '0')}`;
      const patron = new Patron(twilio.placeCall({ from, to: STORE, keepAudio: false }));
      const leave = (): void => void (patron.call.ended || patron.call.hangUp());
      signal?.addEventListener('abort', leave);
      const experience = await patron.live((one) => story.live(one, own));
      signal?.removeEventListener('abort', leave);
      experiences.push(experience);
      onOver?.(story.name, experience);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, calls) }, line));
  return experiences;
}
