import type { Heard, SimCall } from '../twilio/index.ts';
import { matcherOf } from '../caller/words.ts';

export const GREETING = 'How can I help you today';
/** Callers speak twice as fast as people do. */
const CHARS_PER_SECOND = 32;
/** The other side has finished when it was silent for so long. */
const QUIET_MS = 250;
/** Who heard something else than an answer asks again after so much silence; who heard nothing is more patient. */
const AGAIN_MS = 3_000;
const PATIENCE_MS = 20_000;
const ASKS_MAX = 4;
/** A call in which nothing more comes is lost. */
const STEP_MS = 60_000;
/** A thousand people who listen at once in one process must not look at every frame: words are longer. */
const LOOK_MS = 150;
/** What a service says that cannot do more and does not let its caller fall. */
const HONEST = [
  'technical trouble',
  'connect you with our staff',
  'not available at the moment',
  'after the tone',
  'nobody could pick up',
  'is on another call',
  'call you back',
  'goodbye',
].map((words) => matcherOf(words));

/** The call went otherwise than agreed. */
export class Disappointed extends Error {}

export interface Question {
  words: string;
  /** As `matcherOf` takes it. */
  answer: string;
}

/** How a call was for its caller. */
export interface Experience {
  call: SimCall;
  /** Null: as agreed, or the service said honestly that it could not. */
  lost: string | null;
  /** The service did less than asked, and said so. */
  isDegraded: boolean;
}

/** A caller who wants something, asks again when the line was bad, and tells how it went. */
export class Patron {
  readonly call: SimCall;
  /** What was asked last: what the other side must remember. */
  private asked: Question | null = null;

  constructor(call: SimCall) {
    this.call = call;
  }

  /** Lives the call to its end; hangs up where nobody else does. */
  async live(story: (patron: Patron) => Promise<void>): Promise<Experience> {
    const failure = await story(this).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    // Who hung up in the middle of it was not let down.
    const lost = this.call.endedBy === 'phone' ? null : failure;
    if (!this.call.ended) this.call.hangUp();
    await this.call.done;
    const heard = this.call.heardText();
    const isHonest = lost !== null && HONEST.some((says) => says?.(heard));
    return { call: this.call, lost: isHonest ? null : lost, isDegraded: isHonest };
  }

  /** Or spoken to in another way, and then nothing more came. */
  async greeted(boundMs = STEP_MS): Promise<void> {
    const matches = matcherOf(GREETING);
    const isGreeted = () => matches?.(this.heardSince(0)) ?? false;
    const isSpokenTo = () => this.call.stream !== null && this.utterances().length > 0 && this.silentMs() > AGAIN_MS;
    if (!(await this.until(() => isGreeted() || isSpokenTo(), boundMs)))
      throw new Disappointed(`not greeted, ${this.call.describe()}`);
  }

  /** Asks until the answer comes. Tells how often the question had to be said. */
  async ask(question: Question): Promise<number> {
    for (let asks = 1; asks <= ASKS_MAX; asks += 1) if (await this.isAnsweredOnce(question)) return asks;
    throw new Disappointed(`asked ${ASKS_MAX} times: "${question.words}", ${this.call.describe()}`);
  }

  /** The other side must know what was asked before. */
  async remember(): Promise<number> {
    const { asked } = this;
    const question = { words: 'What did I just ask you?', answer: `You asked me: ${asked?.words ?? ''}` };
    for (let asks = 1; asks <= ASKS_MAX; asks += 1) {
      if (await this.isAnsweredOnce(question)) return asks;
      // Of a question that broke off the other side may remember a piece.
      if (asked) await this.ask(asked);
    }
    throw new Disappointed(`not remembered: "${asked?.words ?? ''}", ${this.call.describe()}`);
  }

  /** Speaks whoever is speaking. */
  interrupt(words: string): void {
    this.call.speak(words, CHARS_PER_SECOND);
  }

  async hear(pattern: string, sinceMs = 0, boundMs = STEP_MS): Promise<void> {
    const matches = matcherOf(pattern);
    if (!(await this.until(() => matches?.(this.heardSince(sinceMs)) ?? false, boundMs)))
      throw new Disappointed(`not heard: "${pattern}", ${this.call.describe()}`);
  }

  /** Leaves a message. */
  async message(): Promise<void> {
    await this.ask({ words: 'I would like to leave a message.', answer: 'after the tone' });
    await this.until(() => this.call.leg.keySink !== null && this.call.stream === null, STEP_MS);
    await this.quiet();
    this.interrupt('Please call me back about the catering on Friday.');
    await this.until(() => !this.call.leg.mouth.speaking, STEP_MS);
    this.call.press('#');
    await this.hear('To send your message');
    this.call.press('1');
    await this.hear('we have your message');
  }

  /** The service hangs up. */
  async goodbye(): Promise<void> {
    await this.ask({ words: 'That is all. Goodbye!', answer: 'Goodbye' });
    if (!(await this.until(() => this.call.ended, STEP_MS))) throw new Disappointed('nobody hung up');
  }

  async pause(ms: number): Promise<void> {
    const untilMs = this.call.nowMs() + ms;
    await this.until(() => this.call.nowMs() >= untilMs, ms + STEP_MS);
  }

  /** What is being said has come to its end. */
  async quiet(): Promise<void> {
    await this.until(() => this.silentMs() >= QUIET_MS, STEP_MS);
    this.needLine();
  }

  private async isAnsweredOnce(question: Question): Promise<boolean> {
    await this.quiet();
    const fromMs = this.call.nowMs();
    this.call.speak(question.words, CHARS_PER_SECOND);
    this.asked = question;
    return this.isAnswered(question, fromMs);
  }

  private async isAnswered({ words, answer }: Question, fromMs: number): Promise<boolean> {
    const matches = matcherOf(answer);
    const isRight = () => matches?.(this.heardSince(fromMs)) ?? false;
    const isOver = () => {
      const speech = this.call.said.at(-1);
      if (speech?.endMs === null || speech === undefined) return false;
      const waitedMs = this.call.nowMs() - speech.endMs;
      const heardElse = this.utterances().some(({ startMs }) => startMs > fromMs);
      return heardElse ? this.silentMs() > AGAIN_MS && waitedMs > AGAIN_MS : waitedMs > PATIENCE_MS;
    };
    await this.until(() => isRight() || isOver(), STEP_MS);
    if (!isRight()) this.needLine(words);
    return isRight();
  }

  private needLine(words = ''): void {
    if (this.call.ended)
      throw new Disappointed(`hung up on ${words === '' ? '' : `after "${words}" `}${this.call.describe()}`);
  }

  private utterances(): Heard[] {
    return this.call.heard().filter(({ speaker }) => speaker !== 'caller');
  }

  private heardSince(sinceMs: number): string {
    const own = this.utterances().filter(({ startMs }) => startMs >= sinceMs);
    return own.map(({ text }) => text).join(' ');
  }

  private silentMs(): number {
    const lastMs = this.call.leg.ear.lastVoiceMs;
    return lastMs === null ? 0 : this.call.nowMs() - lastMs;
  }

  /** False when it never came to be so; a call that ended waits for nothing. */
  private async until(isSo: () => boolean, boundMs: number): Promise<boolean> {
    let lookedMs = -Infinity;
    const look = () => {
      if (this.call.ended) return true;
      const nowMs = performance.now();
      if (nowMs - lookedMs < LOOK_MS) return false;
      lookedMs = nowMs;
      return isSo();
    };
    await this.call.waitFor(look, boundMs).catch(() => undefined);
    return isSo();
  }
}
