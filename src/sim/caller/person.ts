import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Speech } from '../twilio/mouth.ts';
import type { SimCall } from '../twilio/sim-call.ts';
import { BYTES_PER_MS } from '../voice/index.ts';
import type { ScriptStep } from './script.ts';
import type { Transcript } from './transcript.ts';
import { matcherOf } from './words.ts';

/** A step did not come about; the message says what was heard instead. */
export class StepFailure extends Error {}

/** So long the other side must be silent before the caller takes it as finished; in a hurry, less, but no less than this. */
const QUIET_MS = 600;
const QUIET_MS_MIN = 200;
/** How fast the caller speaks at a pace of 1. */
const CHARS_PER_SECOND = 16;

/** Nobody hangs up in the middle of a word, unless in a hurry. */
const WORD_MS_MAX = 500;

/** No step takes longer: the longest line, the longest pause. */
const STEP_MS_MAX = 600_000;

export interface PersonOptions {
  call: SimCall;
  transcript: Transcript;
  /** Words that reached the ear since `sinceMs`, whatever knows them: the voice's own bits, or transcripts. */
  words: (sinceMs: number) => string;
  /** Speech for a line, prepared before the call; the simulated voice speaks the others. */
  audio: ReadonlyMap<string, Uint8Array>;
  /** Folder of the script. */
  dir: string;
  /** 1: as people talk; above it, speech and what is measured in speech go by so many times faster. */
  pace: number;
}

/** Loud and without a word. */
function noise(seconds: number): Uint8Array {
  return randomBytes(Math.round(seconds * 1000 * BYTES_PER_MS));
}

/** The tone was heard: from here on it is taken down what is said. */
function isRecording({ stream, leg, documents }: SimCall): boolean {
  return stream === null && leg.keySink !== null && documents.at(-1)?.twiml.includes('<Record') === true;
}

/** The caller: does one step of a script after the other, judging only by what reaches the ear. */
export class Person {
  private readonly options: PersonOptions;
  private readonly call: SimCall;
  /** When the caller last began to do something: utterances that begin from then on are the answer. */
  private actedMs = 0;
  /** When the caller was through with it. */
  private doneMs = 0;
  private acted = false;

  constructor(options: PersonOptions) {
    this.options = options;
    this.call = options.call;
  }

  /** Rejects with {@link StepFailure}. */
  async act(step: ScriptStep): Promise<void> {
    switch (step.kind) {
      case 'hear':
        for (const pattern of [step.hear].flat()) await this.hear(pattern, step.withinS);
        return;
      case 'say':
        await this.myTurn(step);
        return this.speak(step.say);
      case 'play':
        await this.myTurn(step);
        return this.say(this.call.play(await readFile(resolve(this.options.dir, step.play)), step.play));
      case 'interrupt':
        await this.until(
          (call) => this.heardMs(call) >= (step.heardS * 1000) / this.options.pace,
          step.withinS,
          `${step.heardS} s of an answer to interrupt`,
        );
        return this.speak(step.interrupt);
      case 'press':
        await this.pause(step.afterS);
        this.begin();
        this.call.press(step.press);
        return this.options.transcript.key(step.press);
      case 'pause':
        return this.pause(step.pause);
      case 'noise':
        return this.spoken(this.call.play(noise(step.noise), 'noise'));
      case 'beep':
        return this.until(isRecording, step.withinS, 'the tone');
      case 'hangUp':
        if (!step.atOnce) await this.heardOut();
        await this.pause(step.afterS);
        this.call.hangUp();
    }
  }

  /** The last words of an utterance are heard a frame or two before its end. */
  private async heardOut(): Promise<void> {
    const isWhole = (call: SimCall): boolean =>
      call.heard().findLast(({ speaker }) => speaker !== 'caller')?.whole !== false;
    await this.call.waitFor((call) => isWhole(call) || call.ended, WORD_MS_MAX).catch(() => undefined);
  }

  private async hear(pattern: string, withinS: number): Promise<void> {
    const matches = matcherOf(pattern);
    await this.until(() => matches?.(this.options.words(this.actedMs)) === true, withinS, `"${pattern}"`);
  }

  /** Waits for the other side to have answered and to be finished. */
  private async myTurn(step: { afterS: number; withinS: number; atOnce: boolean }): Promise<void> {
    const { ear } = this.call.leg;
    if (!step.atOnce) {
      const quietMs = Math.max(QUIET_MS / this.options.pace, QUIET_MS_MIN);
      const answered = (): boolean => !this.acted || ear.firstVoiceMs(this.doneMs) !== null;
      const quiet = (call: SimCall): boolean =>
        call.leg.answeredMs !== null && call.nowMs() - (ear.lastVoiceMs ?? 0) > quietMs;
      await this.until((call) => answered() && quiet(call), step.withinS, 'an answer and its end');
    }
    await this.pause(step.afterS);
  }

  private speak(text: string): Promise<void> {
    const audio = this.options.audio.get(text);
    return this.say(audio ? this.call.play(audio, text) : this.call.speak(text, CHARS_PER_SECOND * this.options.pace));
  }

  private async say(speech: Speech): Promise<void> {
    this.begin();
    await this.spoken(speech);
    this.doneMs = speech.endMs ?? this.call.nowMs();
  }

  private spoken(speech: Speech): Promise<void> {
    return this.until(() => speech.endMs !== null, Infinity, 'the end of my own words');
  }

  private begin(): void {
    this.acted = true;
    this.actedMs = this.call.nowMs();
    this.doneMs = this.actedMs;
  }

  /** Sound of the other side since the caller's last act, without gaps. */
  private heardMs(call: SimCall): number {
    const { voiced } = call.leg.ear;
    return voiced.reduce((sum, { startMs, endMs }) => sum + Math.max(0, endMs - Math.max(startMs, this.doneMs)), 0);
  }

  private async pause(seconds: number): Promise<void> {
    const untilMs = this.call.nowMs() + seconds * 1000;
    if (seconds > 0) await this.until((call) => call.nowMs() >= untilMs, seconds + 1, 'the end of a pause');
  }

  private async until(predicate: (call: SimCall) => boolean, withinS: number, what: string): Promise<void> {
    const boundMs = Math.min(withinS * 1000, STEP_MS_MAX);
    const over = (): boolean => this.call.ended && !predicate(this.call);
    await this.call.waitFor((call) => predicate(call) || call.ended, boundMs).catch(() => undefined);
    if (predicate(this.call)) return;
    const heard = this.options.words(this.actedMs);
    throw new StepFailure(`${over() ? 'the call ended before' : `not within ${withinS} s:`} ${what}; heard "${heard}"`);
  }
}
