import { beforeEach, describe, expect, test } from 'vitest';
import { FRAME_BYTES, readFrame } from '../../voice/index.ts';
import { newJourneys } from '../frame-journeys.ts';
import { nobody, readTag } from '../voice/name-tag.ts';
import { type Phrase, phraseBook, tagFrame } from '../voice/phrases.ts';
import { callerDefaults, type CallerSettings } from './caller-options.ts';
import { Recorder } from './recorder.ts';
import { silence, Talker } from './talker.ts';

const books = {
  questions: phraseBook({ speaker: 'caller', seconds: 0.5, count: 4 }),
  answers: phraseBook({ speaker: 'assistant', seconds: 1, count: 4 }),
};
const line = 5;
const answer = books.answers.phrases[1] as Phrase;

/** A caller on a clock of its own. */
class Line {
  readonly recorder = new Recorder();
  readonly journeys = newJourneys();
  readonly failed: string[] = [];
  readonly talker: Talker;
  now = 0;
  said: string[] = [];

  constructor(settings: Partial<CallerSettings> = {}) {
    const deps = {
      settings: { ...callerDefaults, questionSeconds: 0.5, answerSeconds: 1, ...settings },
      books,
      recorder: this.recorder,
      journeys: this.journeys,
      random: () => 0,
      fail: (why: string) => void this.failed.push(why),
    };
    this.talker = new Talker(deps, line, 0);
  }

  /** So many frames of the caller. */
  run(frames: number): void {
    for (let i = 0; i < frames; i++) {
      this.now += 20;
      this.said.push(this.talker.speak(this.now));
    }
  }

  until(isTrue: () => boolean): void {
    for (let i = 0; i < 2_000 && !isTrue(); i++) this.run(1);
    expect(isTrue()).toBe(true);
  }

  /** Frames of an answer, all at once. */
  hear(tag: { line: number; turn: number }, from = 0, to = answer.frameCount): void {
    const bytes = Buffer.from(answer.bytes);
    bytes.set(tagFrame(answer, tag.line, tag.turn));
    const part = bytes.subarray(from * FRAME_BYTES, to * FRAME_BYTES);
    this.talker.hear(part, part.length, this.now);
  }

  get isSpeaking(): boolean {
    return this.said.at(-1) !== silence;
  }

  /** The first word was heard, and turn 0 was asked. */
  ask(): void {
    this.run(10);
    this.hear({ line: nobody, turn: 0 });
    this.until(() => this.isSpeaking);
    this.until(() => !this.isSpeaking);
  }

  trends() {
    const { trends } = this.recorder.summary('test');
    return Object.fromEntries(Object.entries(trends).map(([name, { count, max }]) => [name, [count, Math.round(max)]]));
  }
}

let caller: Line;
beforeEach(() => (caller = new Line()));

describe('a caller', () => {
  test('is silent until the first word was heard to its end, and pauses', () => {
    caller.run(10);
    caller.hear({ line: nobody, turn: 0 });
    caller.run(answer.frameCount - 1);
    expect(caller.said.every((frame) => frame === silence)).toBe(true);
    expect(caller.talker.isPausing).toBe(false);
    caller.run(1);
    expect(caller.talker.isPausing).toBe(true);
    expect(caller.trends()).toEqual({ aida_first_word: [1, 200] });
  });

  test('speaks one phrase with their name and turn in its first frame', () => {
    caller.ask();
    const frames = caller.said.filter((frame) => frame !== silence);
    const texts = frames.map((frame) => readFrame(Buffer.from(frame, 'base64'), 0));
    expect(readTag(texts[0]?.text ?? '')).toEqual({ line, turn: 0 });
    expect(texts.map((text) => text?.frame)).toEqual(frames.map((_, index) => index));
    expect(texts.at(-1)?.last).toBe(true);
  });

  test('times the silence from the end of the last frame to the first frame heard', () => {
    caller.ask();
    caller.run(36);
    caller.hear({ line, turn: 0 });
    // The frame that ended the question is the one before the first silent one.
    expect(caller.trends()).toMatchObject({ aida_silence: [1, 36 * 20 + 20 - 20] });
    expect(caller.recorder.counted('aida_turns')).toBe(1);
  });

  test('takes the next turn after the answer was played, not after it came', () => {
    caller.ask();
    caller.hear({ line, turn: 0 });
    caller.run(answer.frameCount + callerDefaults.pauseMs / 20 - 1);
    expect(caller.isSpeaking).toBe(false);
    caller.run(2);
    expect(caller.isSpeaking).toBe(true);
  });

  test('words for another caller or another turn are wrong, those of the answer are heard', () => {
    caller.ask();
    const words = answer.words.split(' ').length + 1;
    const greeted = caller.recorder.counted('aida_words_heard');
    caller.hear({ line: line + 1, turn: 0 });
    expect(caller.recorder.counted('aida_words_wrong')).toBe(words);
    caller.hear({ line, turn: 7 });
    expect(caller.recorder.counted('aida_words_wrong')).toBe(2 * words);
    expect(caller.recorder.counted('aida_words_heard')).toBe(greeted);
    caller.hear({ line, turn: 0 });
    expect(caller.recorder.counted('aida_words_heard')).toBe(greeted + words);
  });

  test('a hole inside of an answer is a gap, one between two answers is not', () => {
    caller.ask();
    caller.hear({ line, turn: 0 }, 0, 10);
    caller.run(10 + 4);
    caller.hear({ line, turn: 0 }, 10);
    expect(caller.trends()).toMatchObject({ aida_gap: [1, 80] });
  });

  test('frames that never came are lost when the stream breaks, not when the caller hangs up', () => {
    for (const isOurs of [true, false]) {
      const one = new Line();
      one.ask();
      one.hear({ line, turn: 0 }, 0, 10);
      one.talker.end(one.now, isOurs);
      expect(one.recorder.counted('aida_frames_lost')).toBe(isOurs ? 0 : answer.frameCount - 10);
      expect(one.recorder.counted('aida_words_missing') > 0).toBe(!isOurs);
    }
  });

  test('gives up an answer that does not come, once, and goes on', () => {
    caller.ask();
    caller.run(callerDefaults.answerMsMax / 20 + 2);
    expect(caller.failed).toEqual(['no_answer']);
    caller.until(() => caller.isSpeaking);
  });

  test('gives up a first word that does not come', () => {
    caller.run(callerDefaults.firstWordMsMax / 20 + 2);
    expect(caller.failed).toEqual(['no_first_word']);
    caller.talker.end(caller.now, true);
    expect(caller.trends()).toMatchObject({ aida_dead_air: [1, callerDefaults.firstWordMsMax + 20] });
  });

  test('dead air is the longest wait of the call', () => {
    caller.ask();
    caller.run(50);
    caller.hear({ line, turn: 0 });
    caller.until(() => caller.isSpeaking);
    caller.until(() => !caller.isSpeaking);
    caller.run(20);
    caller.hear({ line, turn: 1 });
    caller.talker.end(caller.now, true);
    expect(caller.trends()['aida_dead_air']).toEqual([1, 1_000]);
  });

  test('journeys of frames are timed both ways', () => {
    caller.ask();
    const asked = caller.said.filter((frame) => frame !== silence).length;
    for (let frame = 0; frame < asked; frame++) caller.journeys.toModel.arrived(line, 0, frame, caller.now);
    expect(caller.journeys.toModel.ms.count).toBe(asked);
    for (let frame = 0; frame < answer.frameCount; frame++)
      caller.journeys.toCaller.left(line, 0, frame, caller.now - 3);
    caller.hear({ line, turn: 0 });
    expect(caller.journeys.toCaller.ms.count).toBe(answer.frameCount);
    expect([caller.journeys.toCaller.ms.min, caller.journeys.toCaller.ms.max]).toEqual([3, 3]);
  });
});

describe('an interruption', () => {
  beforeEach(() => {
    caller = new Line({ bargeInShare: 1, bargeInAfterMsMax: 1 });
    caller.ask();
    caller.hear({ line, turn: 0 });
    caller.run(2);
  });

  test('begins while the answer plays, and lasts until it is silent', () => {
    expect(caller.isSpeaking).toBe(true);
    caller.run(3);
    caller.talker.clear(caller.now);
    expect(caller.trends()).toMatchObject({ aida_barge_in: [1, 60 + (caller.said.at(-5) === silence ? 0 : 20)] });
    expect(caller.recorder.counted('aida_clears')).toBe(1);
  });

  test('what was not heard counts neither as heard nor as missing', () => {
    caller.run(3);
    const before = caller.recorder.counted('aida_words_heard');
    caller.talker.clear(caller.now);
    expect(caller.recorder.counted('aida_words_heard')).toBeLessThan(before);
    caller.talker.end(caller.now, false);
    expect(caller.recorder.counted('aida_words_missing')).toBe(0);
    expect(caller.recorder.counted('aida_frames_lost')).toBe(0);
  });

  test('that comes with the last words of an answer interrupts nobody', () => {
    caller.run(answer.frameCount + 2);
    caller.talker.clear(caller.now);
    expect(caller.trends()['aida_barge_in']).toBeUndefined();
  });

  test('what still comes of it afterwards is repeated, and of another turn wrong', () => {
    caller.talker.clear(caller.now);
    caller.hear({ line, turn: 0 }, 5);
    caller.talker.end(caller.now, true);
    expect(caller.recorder.counted('aida_frames_repeated')).toBe(answer.frameCount - 5);
  });
});
