import { FRAME_BYTES } from '../../voice/index.ts';
import { frameMs } from '../slot-clock.ts';
import { nobody, turnsMax } from '../voice/name-tag.ts';
import { base64Of, type Phrase, type PhraseBook, tagFrame } from '../voice/phrases.ts';
import { heard, PhraseReader } from '../voice/phrase-reader.ts';
import type { Journeys } from '../frame-journeys.ts';
import type { CallerSettings } from './caller-options.ts';
import { Playout } from './playout.ts';
import type { Recorder } from './recorder.ts';

/** 20 ms of 0xFF, as the carrier sends it of somebody who is silent. */
export const silence = base64Of(new Uint8Array(FRAME_BYTES).fill(0xff));

/** An answer that stops in the middle is given up after so long. */
const stallMsMax = 5_000;

export interface TalkerBooks {
  questions: PhraseBook;
  answers: PhraseBook;
}

export interface TalkerDeps {
  settings: CallerSettings;
  books: TalkerBooks;
  recorder: Recorder;
  journeys: Journeys | null;
  random: () => number;
  /** For the first reason only. */
  fail(why: 'no_first_word' | 'no_answer'): void;
}

/**
 * One caller's mouth and ear. They wait for the first word, then take turns with the assistant: speak, wait, hear the
 * answer to its end or speak into it, pause. Everything is measured when it is heard, not when it arrives.
 */
export class Talker {
  readonly #deps: TalkerDeps;
  readonly line: number;
  readonly #reader: PhraseReader;
  readonly playout = new Playout();
  #state: 'first' | 'pause' | 'speaking' | 'waiting' | 'hearing' = 'first';
  #since: number;
  #pauseMs = 0;
  #turn = -1;
  #phrase: Phrase | null = null;
  #tagged = '';
  #frame = 0;
  #quietSince: number;
  #deadAirMs = 0;
  /** First frame of an interruption sent; null when nobody is interrupted. */
  #bargeInAt: number | null = null;
  /** So much of the present answer is heard before the caller speaks into it; null: all of it. */
  #patienceMs: number | null = null;
  /** When what plays of the present answer began. */
  #answerAt = 0;
  #next: number;

  constructor(deps: TalkerDeps, line: number, now: number) {
    this.#deps = deps;
    this.line = line % nobody;
    this.#reader = new PhraseReader(deps.books.answers);
    this.#since = now;
    this.#quietSince = now;
    this.#next = Math.floor(deps.random() * deps.books.questions.phrases.length);
  }

  /** Between two turns: nobody would be cut off. */
  get isPausing(): boolean {
    return this.#state === 'pause';
  }

  /** Base64 of the caller's next 20 ms. */
  speak(now: number): string {
    this.#turnTaking(now);
    if (this.#state !== 'speaking' || this.#phrase === null) return silence;
    const { journeys } = this.#deps;
    const frame = this.#frame++;
    journeys?.toModel.left(this.line, this.#turn % turnsMax, frame, now);
    if (frame + 1 === this.#phrase.frameCount) {
      this.#wait('waiting', now + frameMs);
    }
    return frame === 0 ? this.#tagged : (this.#phrase.base64[frame] as string);
  }

  /** Audio of the service: whole frames. */
  hear(audio: Buffer, bytes: number, now: number): void {
    const reader = this.#reader;
    const { recorder } = this.#deps;
    recorder.count('aida_frames_received', Math.floor(bytes / FRAME_BYTES));
    for (let at = 0; at + FRAME_BYTES <= bytes; at += FRAME_BYTES) {
      const wasOpen = reader.isOpen;
      const before = reader.words;
      const kind = reader.take(audio, at);
      const holeMs = now - this.playout.endMs;
      const startMs = this.playout.push(1, now);
      if (kind === heard.silence) continue;
      if (wasOpen && reader.frame > 0 && holeMs > frameMs) recorder.trend('aida_gap', holeMs);
      this.#sound(startMs);
      if (kind === heard.speech || kind === heard.end) this.#speech(reader.words - before, startMs, now);
      else if (kind === heard.strange) recorder.count('aida_words_wrong');
    }
  }

  clear(now: number): void {
    const wasPlaying = this.playout.isPlaying(now);
    const dropped = this.playout.clear(now);
    const { recorder } = this.#deps;
    recorder.count('aida_clears');
    if (this.#bargeInAt !== null) {
      if (wasPlaying) recorder.trend('aida_barge_in', now - this.#bargeInAt);
      this.#bargeInAt = null;
    }
    const reader = this.#reader;
    let unheard = 0;
    for (let i = 0; i < dropped; i++) unheard += reader.phrase?.wordsIn[reader.frame - i] ?? 0;
    recorder.count('aida_words_heard', -unheard);
    reader.cut();
  }

  /** The stream is over. `isOurs`: the caller hung up, what is still to be heard is nobody's fault. */
  end(now: number, isOurs: boolean): void {
    const { recorder, journeys } = this.#deps;
    const reader = this.#reader;
    if (isOurs) reader.cut();
    else reader.miss();
    this.playout.clear(now);
    recorder.count('aida_frames_heard', this.playout.frames);
    recorder.count('aida_frames_lost', reader.lost);
    recorder.count('aida_frames_repeated', reader.repeated);
    recorder.count('aida_words_missing', reader.wordsLost);
    recorder.trend('aida_dead_air', this.#deadAirMs);
    journeys?.toModel.forget(this.line);
    journeys?.toCaller.forget(this.line);
  }

  #speech(words: number, startMs: number, now: number): void {
    const { recorder, journeys } = this.#deps;
    const reader = this.#reader;
    if (!this.#isMine()) {
      recorder.count('aida_words_wrong', words);
      return;
    }
    recorder.count('aida_words_heard', words);
    if (reader.line === this.line) journeys?.toCaller.arrived(reader.line, reader.turn, reader.frame, now);
    if (this.#state === 'first') {
      recorder.trend('aida_first_word', startMs - this.#since);
      this.#answerAt = startMs;
      this.#state = 'hearing';
    } else if (this.#state === 'waiting' && this.#answers()) {
      recorder.trend('aida_silence', startMs - this.#since);
      recorder.count('aida_turns');
      this.#answerAt = startMs;
      this.#state = 'hearing';
    }
  }

  /** The answer to this turn, or somebody who speaks without having been asked. */
  #answers(): boolean {
    return this.#reader.line === nobody || this.#reader.turn === this.#turn % turnsMax;
  }

  /** Said to this caller, in this turn, or before the caller's interruption took effect. */
  #isMine(): boolean {
    const { line, turn } = this.#reader;
    if (line === nobody) return true;
    if (line !== this.line) return false;
    const now = this.#turn % turnsMax;
    return turn === now || (this.#bargeInAt !== null && turn === (now + turnsMax - 1) % turnsMax);
  }

  #sound(startMs: number): void {
    if (this.#state === 'first' || this.#state === 'waiting') {
      this.#deadAirMs = Math.max(this.#deadAirMs, startMs - this.#quietSince);
    }
    this.#quietSince = startMs + frameMs;
  }

  #turnTaking(now: number): void {
    const { settings } = this.#deps;
    // Who has said all of it was not interrupted.
    if (this.#bargeInAt !== null && !this.playout.isPlaying(now)) this.#bargeInAt = null;
    switch (this.#state) {
      case 'first':
        if (now - this.#since > settings.firstWordMsMax) this.#giveUp('no_first_word', now);
        return;
      case 'waiting':
        if (now - this.#since > settings.answerMsMax) this.#giveUp('no_answer', now);
        return;
      case 'hearing':
        return this.#hearing(now);
      case 'pause':
        if (now - this.#since >= this.#pauseMs) this.#begin(now);
        return;
      case 'speaking':
    }
  }

  #hearing(now: number): void {
    const isEnough = this.#patienceMs !== null && now - this.#answerAt >= this.#patienceMs;
    if (isEnough && this.playout.endMs - now > frameMs) {
      this.#begin(now);
      this.#bargeInAt = now;
      return;
    }
    if (this.playout.isPlaying(now)) return;
    const isComplete = !this.#reader.isOpen;
    if (!isComplete && now - this.playout.endMs < stallMsMax) return;
    if (!isComplete) this.#reader.miss();
    this.#pause(now);
  }

  #giveUp(why: 'no_first_word' | 'no_answer', now: number): void {
    this.#deadAirMs = Math.max(this.#deadAirMs, now - this.#quietSince);
    this.#deps.fail(why);
    this.#pause(now);
  }

  #pause(now: number): void {
    const { settings, random } = this.#deps;
    const cycleMs = (settings.questionSeconds + settings.answerSeconds) * 1000 + settings.pauseMs;
    // The first pause is any part of a cycle, so that no two callers are in step.
    this.#pauseMs = this.#turn < 0 ? random() * cycleMs : settings.pauseMs;
    this.#wait('pause', now);
  }

  #begin(now: number): void {
    const { books, settings, random } = this.#deps;
    const phrases = books.questions.phrases;
    this.#phrase = phrases[this.#next++ % phrases.length] as Phrase;
    this.#turn++;
    this.#frame = 0;
    this.#tagged = base64Of(tagFrame(this.#phrase, this.line, this.#turn));
    this.#patienceMs = random() < settings.bargeInShare ? random() * settings.bargeInAfterMsMax : null;
    this.#wait('speaking', now);
  }

  #wait(state: 'pause' | 'speaking' | 'waiting', now: number): void {
    this.#state = state;
    this.#since = now;
    this.#quietSince = Math.max(this.#quietSince, now);
  }
}
