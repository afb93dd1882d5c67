import type { VoiceFrame } from '../../src/sim/voice/frame.ts';
import { Ear, type HeardUtterance } from './ear.ts';
import type { Figures } from './figures.ts';
import { ECHO, type Phrase, type Phrases } from './phrases.ts';
import { FRAME_MS } from './playout.ts';
import type { FailureReason } from './summary.ts';
import { compareWords, wordsOf } from './words.ts';

/** A caller with nothing in the ear for so long gives up. */
export const firstWordMsMax = 15_000;
export const answerMsMax = 15_000;
/** Somebody else's turn is over after so long without a sound. */
const pauseMs = 1_000;
/** An interruption comes so long after the answer began. */
const bargeInAfterMs = 1_200;
/** After goodbye the service has so long to hang up. */
const goodbyeMsMax = 15_000;
/** A word of speech, in frames: what is counted where words cannot be compared. */
const framesPerWord = 18;

/** What this caller will do; decided before the call. */
export interface TalkPlan {
  /** Place in the list of phrases of the first turn. */
  firstPhrase: number;
  /** Leaves at the end of a turn after so long. */
  talkMs: number;
  /** Lets the service hang up. */
  saysGoodbye: boolean;
  /** Asked before each turn. */
  interrupts: () => boolean;
  pressesKey: () => boolean;
}

/**
 * The person at the phone while there is a stream: waits for the greeting, says something, hears the answer out or interrupts
 * it, pauses, and so on. Times are ms of one clock, given by whoever calls; a frame leaves with each tick of 20 ms.
 */
export class Talker {
  /** Set once something went wrong for good. */
  failure: FailureReason | null = null;
  /** The talk is over as this caller meant it; the line may be closed. */
  isDone = false;
  /** A key to be pressed with this tick. */
  key: string | null = null;
  framesSent = 0;
  readonly #plan: TalkPlan;
  readonly #phrases: Phrases;
  readonly #figures: Figures;
  readonly #ear: Ear;
  #startedMs = -1;
  #isOpen = false;
  /** When the stream ended, the caller had something still to hear. */
  #isOwed = true;
  #turn = 0;
  #isLeaving = false;
  #phrase: Phrase | null = null;
  #frame = 0;
  #saidGoodbye = false;
  #listeningSinceMs = 0;
  /** End of the caller's last frame with speech, until it is answered. */
  #askedMs: number | null = null;
  #expected: string | null = null;
  #hasHeard = false;
  #heardEndMs = 0;
  #heardFrames = 0;
  #willInterrupt = false;
  #interruptedMs: number | null = null;
  #interrupted: HeardUtterance | null = null;
  /** Neither end speaks though the caller waits, since then. */
  #waitingMs: number | null = null;
  #deadAirMs = 0;
  #isFirstWord = true;

  constructor(plan: TalkPlan, phrases: Phrases, figures: Figures) {
    this.#plan = plan;
    this.#phrases = phrases;
    this.#figures = figures;
    this.#ear = new Ear({ over: (heard) => this.#judge(heard), gap: (ms) => figures.time('aida_gap', ms) });
  }

  /** True after goodbye: a hang-up is what the caller waits for. */
  get saidGoodbye(): boolean {
    return this.#saidGoodbye;
  }

  /** A stream began: the first of the call, or one that goes on. */
  opened(nowMs: number): void {
    if (this.#startedMs < 0) this.#startedMs = nowMs;
    else this.#figures.count('aida_resumed');
    this.#isOpen = true;
    this.#listen(nowMs);
    if (this.#isOwed) this.#waitingMs ??= nowMs;
    // Who had heard everything goes on: the service may have nothing to say.
    else this.#hear(nowMs);
    this.#isFirstWord = this.#turn === 0;
  }

  /** The stream is over, whatever becomes of the call. */
  closed(nowMs: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { current } = this.#ear;
    this.#isOwed = !this.#hasHeard || this.#phrase !== null || (current !== null && !current.isWhole);
    this.#ear.cut();
    this.#ear.end();
    this.#endInterruption();
    this.#phrase = null;
    this.#askedMs = null;
    this.#expected = null;
    if (this.#isOwed) this.#waitingMs ??= nowMs;
  }

  /** This turn is the last one. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** The call is over. */
  ended(): void {
    if (this.#startedMs >= 0) this.#figures.time('aida_dead_air', this.#deadAirMs);
    this.#figures.count('aida_frames_sent', this.framesSent);
    this.#figures.count('aida_frames_heard', this.#heardFrames);
  }

  heard(frame: VoiceFrame | null, atMs: number): void {
    this.#hear(atMs + FRAME_MS);
    if (frame === null) return;
    this.#heardFrames += 1;
    this.#ear.hear(frame, atMs);
    // What is left of an interrupted answer answers nothing.
    if (this.#interruptedMs !== null) return;
    this.#noteWaiting(atMs);
    if (this.#isFirstWord) {
      this.#isFirstWord = false;
      if (this.#turn === 0) this.#figures.time('aida_first_word', atMs - this.#listeningSinceMs);
    }
    if (this.#askedMs !== null && this.#phrase === null) {
      this.#figures.time('aida_silence', Math.max(0, atMs - this.#askedMs));
      this.#figures.count('aida_turns');
      this.#askedMs = null;
    }
  }

  cleared(nowMs: number): void {
    this.#figures.count('aida_clears');
    this.#ear.cut();
    this.#endInterruption(nowMs);
  }

  /** The payload of the frame that leaves now. */
  tick(nowMs: number, isPlaying: boolean): string {
    this.key = null;
    this.framesSent += 1;
    if (!isPlaying) this.#endInterruption();
    if (this.#phrase === null) this.#decide(nowMs, isPlaying);
    return this.#speak(nowMs);
  }

  #speak(nowMs: number): string {
    const phrase = this.#phrase;
    if (phrase === null) return this.#phrases.silence;
    const payload = phrase.payloads[this.#frame] ?? this.#phrases.silence;
    this.#frame += 1;
    if (this.#frame < phrase.payloads.length) return payload;
    this.#phrase = null;
    this.#listen(nowMs + FRAME_MS);
    this.#askedMs = nowMs + FRAME_MS;
    this.#waitingMs = this.#askedMs;
    this.#expected = phrase.answer;
    this.#hasHeard = false;
    return payload;
  }

  #listen(nowMs: number): void {
    this.#listeningSinceMs = nowMs;
    this.#hasHeard = false;
  }

  #decide(nowMs: number, isPlaying: boolean): void {
    if (this.isDone || this.failure) return;
    const sinceMs = nowMs - this.#listeningSinceMs;
    if (this.#saidGoodbye) {
      if (sinceMs > goodbyeMsMax) this.failure = 'no_answer';
      return;
    }
    if (!this.#hasHeard) {
      if (this.#turn === 0 && sinceMs > firstWordMsMax) this.failure = 'no_first_word';
      if (this.#turn > 0 && sinceMs > answerMsMax) this.failure = 'no_answer';
      return;
    }
    const { current } = this.#ear;
    if (
      this.#willInterrupt &&
      isPlaying &&
      current &&
      this.#askedMs === null &&
      nowMs - current.startMs > bargeInAfterMs
    ) {
      this.#willInterrupt = false;
      this.#interruptedMs = nowMs;
      this.#interrupted = current;
      return this.#say(this.#phrases.interruption);
    }
    if (isPlaying || nowMs - this.#heardEndMs < pauseMs) return;
    this.#ear.end();
    this.#takeTurn(nowMs);
  }

  #takeTurn(nowMs: number): void {
    const isOver = this.#isLeaving || nowMs - this.#startedMs > this.#plan.talkMs;
    if (isOver && !this.#plan.saysGoodbye) {
      this.isDone = true;
      return;
    }
    this.#turn += 1;
    if (isOver) {
      this.#saidGoodbye = true;
      return this.#say(this.#phrases.goodbye);
    }
    const { turns } = this.#phrases;
    this.#willInterrupt = this.#plan.interrupts();
    if (this.#plan.pressesKey()) this.key = String(this.#turn % 10);
    this.#say(turns[(this.#plan.firstPhrase + this.#turn) % turns.length] as Phrase);
  }

  #say(phrase: Phrase): void {
    this.#phrase = phrase;
    this.#frame = 0;
    this.#waitingMs = null;
  }

  #hear(untilMs: number): void {
    this.#hasHeard = true;
    this.#heardEndMs = untilMs;
  }

  #noteWaiting(atMs: number): void {
    if (this.#waitingMs === null) return;
    this.#deadAirMs = Math.max(this.#deadAirMs, atMs - this.#waitingMs);
    this.#waitingMs = null;
  }

  /** The answer that was interrupted is silent now. */
  #endInterruption(clearedMs = Infinity): void {
    const [heard, sinceMs] = [this.#interrupted, this.#interruptedMs];
    if (!heard || sinceMs === null) return;
    this.#interruptedMs = null;
    this.#interrupted = null;
    this.#ear.cut();
    if (this.#ear.current === heard) this.#ear.end();
    // Who has said all of it was not interrupted.
    if (!heard.isWhole) this.#figures.time('aida_barge_in', Math.max(0, Math.min(heard.endMs, clearedMs) - sinceMs));
  }

  #judge(heard: HeardUtterance): void {
    const { lost, repeated } = heard;
    if (lost > 0) this.#figures.count('aida_frames_lost', lost);
    if (repeated > 0) this.#figures.count('aida_frames_repeated', repeated);
    const expected = heard.text.startsWith(ECHO) ? this.#expected : null;
    if (expected === null) {
      if (lost > 0) this.#figures.count('aida_words_missing', Math.ceil(lost / framesPerWord));
      return;
    }
    const { wrong, missing } = compareWords(heard.text, expected, !heard.isWhole && heard.isCut);
    this.#figures.count('aida_words_heard', wordsOf(heard.text).length);
    if (wrong + missing > 0) this.#figures.note(`heard "${heard.text}" instead of "${expected}"`);
    if (wrong > 0) this.#figures.count('aida_words_wrong', wrong);
    if (missing > 0) this.#figures.count('aida_words_missing', missing);
  }
}
