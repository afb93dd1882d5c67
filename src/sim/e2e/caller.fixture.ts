import { Person } from '../caller/person.ts';
import { Transcript } from '../caller/transcript.ts';
import type { SimCall } from '../twilio/index.ts';
import type { World } from './world.fixture.ts';

const WITHIN_S = 25;
/** Callers speak twice as fast as people do. */
export const PACE = 2;
const STORE = '+12075550142';

/** A caller who is told what to do step by step. Every step rejects with what was heard instead. */
export class Caller {
  readonly call: SimCall;
  private readonly person: Person;

  constructor(world: World, from: string) {
    const call = world.twilio.placeCall({ from, to: STORE });
    const transcript = new Transcript({
      call,
      tools: () => [],
      utterances: () => call.heard(),
      onLine: () => undefined,
    });
    const words = (sinceMs: number): string => {
      const heard = call.heard().filter(({ speaker, startMs }) => speaker !== 'caller' && startMs >= sinceMs);
      return heard.map(({ text }) => text).join(' ');
    };
    this.call = call;
    this.person = new Person({ call, transcript, words, audio: new Map(), dir: '', pace: 1 });
  }

  /** Waits for words of an utterance that began after the caller's last act. */
  hear(pattern: string, withinS = WITHIN_S): Promise<void> {
    return this.person.act({ kind: 'hear', hear: pattern, withinS });
  }

  /** Waits until what is being said came to its end: the last words are heard a frame or two before it. */
  async heardOut(): Promise<void> {
    const isWhole = (call: SimCall) => call.heard().findLast(({ speaker }) => speaker !== 'caller')?.whole === true;
    await this.call.waitFor(isWhole, WITHIN_S * 1000);
  }

  /** Speaks when the other side has answered and fallen silent. */
  say(text: string): Promise<void> {
    return this.person.act({ kind: 'say', say: text, afterS: 0, withinS: WITHIN_S, atOnce: false });
  }

  /** Speaks at once, whoever is speaking. */
  sayAtOnce(text: string): Promise<void> {
    return this.person.act({ kind: 'say', say: text, afterS: 0, withinS: WITHIN_S, atOnce: true });
  }

  async press(digits: string): Promise<void> {
    await this.person.act({ kind: 'press', press: digits, afterS: 0 });
  }

  /** Waits until the service has ended the call, and for its last callbacks. */
  async hungUpOn(): Promise<void> {
    await this.call.waitFor((call) => call.ended, WITHIN_S * 1000);
    await this.call.done;
  }

  async hangUp(): Promise<void> {
    this.call.hangUp();
    await this.call.done;
  }
}
