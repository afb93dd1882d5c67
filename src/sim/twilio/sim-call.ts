import { readWav, writeWav } from '../voice/index.ts';
import type { Heard } from './ear.ts';
import type { CallStatus, DocumentRecord, EndedBy, Leg } from './leg.ts';
import type { Speech } from './mouth.ts';
import type { RestRecord } from './rest-answer.ts';
import type { MediaStream } from './stream.ts';
import type { WebhookRecord } from './web.ts';

const WAIT_MS = 10_000;
/** For what a predicate reads elsewhere: no event of the call tells of it. */
const POLL_MS = 20;
const KEYS = /^[0-9*#]$/;

/** A call as the person at the phone knows it, and what went over its wires. All times are ms since it was placed. */
export class SimCall {
  readonly leg: Leg;
  /** Resolves when the call has ended and its last callbacks were answered. */
  readonly done: Promise<void>;

  constructor(leg: Leg, done: Promise<void>) {
    this.leg = leg;
    this.done = done;
  }

  get sid(): string {
    return this.leg.sid;
  }

  get status(): CallStatus {
    return this.leg.status;
  }

  get ended(): boolean {
    return this.leg.final;
  }

  get endedBy(): EndedBy | null {
    return this.leg.endedBy;
  }

  /** Every document that ran, oldest first. */
  get documents(): readonly DocumentRecord[] {
    return this.leg.documents;
  }

  /** Every request about this call, callbacks included, in order of their answers. */
  get webhooks(): readonly WebhookRecord[] {
    return this.leg.webhooks;
  }

  /** What REST asked to be done to this call, oldest first. */
  get updates(): readonly RestRecord[] {
    const path = `/Calls/${this.sid}.json`;
    return this.leg.world.requests.filter((request) => request.method === 'POST' && request.path === path);
  }

  /** Media streams, oldest first. */
  get streams(): readonly MediaStream[] {
    return this.leg.streams;
  }

  /** The stream that is open now. */
  get stream(): MediaStream | null {
    const last = this.leg.streams.at(-1);
    return last && last.startedMs !== null && !last.end ? last : null;
  }

  /** Staff's phones. */
  get dialed(): readonly Leg[] {
    return this.leg.children;
  }

  /** What reached the caller's ear so far, utterance by utterance. */
  heard(): Heard[] {
    return this.leg.ear.utterances();
  }

  /** The words of {@link heard} from `sinceMs` on. */
  heardText(sinceMs = 0): string {
    return this.leg.ear.text(sinceMs);
  }

  /** What the caller said. */
  get said(): readonly Speech[] {
    return this.leg.mouth.said;
  }

  nowMs(): number {
    return this.leg.nowMs();
  }

  speak(text: string, charsPerSecond?: number): Speech {
    return this.leg.mouth.speak(text, charsPerSecond);
  }

  /** Plays a WAV file, or raw µ-law of 8 kHz, into the line. */
  play(file: Uint8Array, name: string): Speech {
    const wav = Buffer.from(file.subarray(0, 4)).toString('latin1') === 'RIFF';
    return this.leg.mouth.play(wav ? readWav(file) : file, name);
  }

  /** Keys 0-9 * #. */
  press(digits: string): void {
    for (const digit of digits) {
      if (!KEYS.test(digit)) throw new RangeError(`no such key: ${digit}`);
      this.leg.press(digit);
    }
  }

  hangUp(): void {
    this.leg.end(this.leg.answeredMs === null ? 'no-answer' : 'completed', 'phone');
  }

  /** What the caller heard, as 16-bit WAV. */
  wav(): Uint8Array {
    return writeWav(this.leg.ear.audio(this.leg.endedMs ?? this.leg.nowMs()), 'pcm16');
  }

  /** Resolves when `predicate` holds; rejects with the call's state after `boundMs`. Looked at after every change and every frame, and every 20 ms. */
  waitFor(predicate: (call: SimCall) => boolean, boundMs = WAIT_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error: Error | null): void => {
        clearTimeout(timer);
        clearInterval(poll);
        unwatch();
        if (error) reject(error);
        else resolve();
      };
      const look = (): void => {
        try {
          if (predicate(this)) finish(null);
        } catch (error) {
          finish(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const unwatch = this.leg.watch(look);
      const poll = setInterval(look, POLL_MS);
      const timer = setTimeout(() => finish(new Error(`not within ${boundMs} ms: ${this.describe()}`)), boundMs);
      look();
    });
  }

  describe(): string {
    const asked = this.webhooks.map((record) => `${record.method} ${record.url} → ${record.status}`).join(', ');
    return `call ${this.sid} is ${this.status} after ${Math.round(this.nowMs())} ms, heard "${this.heardText()}", asked ${asked}`;
  }
}
