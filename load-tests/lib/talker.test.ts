import { expect, test } from 'vitest';
import type { VoiceFrame } from '../../src/sim/voice/frame.ts';
import { Chance } from './chance.ts';
import { Phrases } from './phrases.ts';
import { readAudio } from './payload.ts';
import { FRAME_MS, Playout } from './playout.ts';
import { answerMsMax, firstWordMsMax, Talker, type TalkPlan } from './talker.ts';
import { encodeUtterance, joinBytes } from '../../src/sim/voice/index.ts';

const phrases = new Phrases((bytes) => Buffer.from(bytes).toString('base64'));
const plan: TalkPlan = {
  firstPhrase: 0,
  talkMs: 20_000,
  saysGoodbye: false,
  interrupts: () => false,
  pressesKey: () => false,
};

const decoded = (base64: string): ArrayBuffer => Uint8Array.from(Buffer.from(base64, 'base64')).buffer;

/** A talker on a clock of ours, and what it measured. */
class Line {
  nowMs = 1_000;
  readonly times: Record<string, number[]> = {};
  readonly counts: Record<string, number> = {};
  readonly talker: Talker;
  readonly playout: Playout<VoiceFrame | null>;
  said = '';
  #utterance = 0;

  constructor(more: Partial<TalkPlan> = {}) {
    this.talker = new Talker({ ...plan, ...more }, phrases, {
      time: (name, ms) => void (this.times[name] ??= []).push(ms),
      note: () => undefined,
      count: (name, by = 1) => void (this.counts[name] = (this.counts[name] ?? 0) + by),
    });
    this.playout = new Playout({
      heard: (frame, atMs) => this.talker.heard(frame, atMs),
      reached: () => undefined,
    });
    this.talker.opened(this.nowMs);
  }

  /** The model says something, with frames left out or twice. */
  say(text: string, change: (frames: Uint8Array[]) => Uint8Array[] = (frames) => frames): void {
    this.#utterance += 1;
    const frames = encodeUtterance(text, { utterance: this.#utterance, speaker: 'assistant' });
    const payload = joinBytes(change(frames)).buffer as ArrayBuffer;
    this.playout.push(readAudio(payload), this.nowMs);
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += FRAME_MS) {
      this.playout.advance(this.nowMs);
      for (const frame of readAudio(decoded(this.talker.tick(this.nowMs, this.playout.isPlaying))))
        this.said += frame?.text ?? '';
    }
  }

  /** Until the caller has said something; gives the words. */
  listen(): string {
    const before = this.said.length;
    for (let tick = 0; tick < 1_000 && !this.said.slice(before).endsWith('.'); tick += 1) this.run(FRAME_MS);
    return this.said.slice(before);
  }
}

test('greeted, the caller takes turns: the words, the silence before the answer and the first word are measured', () => {
  const line = new Line();
  line.run(100);
  line.say('Hello there.');
  const asked = line.listen();
  expect(asked).toMatch(/^I was thinking about item/);
  line.run(740);
  line.say(`You said: ${asked}`);
  line.run(6_000);
  expect(line.times['aida_first_word']).toEqual([100]);
  expect(line.times['aida_silence']?.map((ms) => Math.abs(ms - 740) <= FRAME_MS)).toEqual([true]);
  expect(line.counts).toMatchObject({ aida_turns: 1, aida_words_heard: 12 });
  expect([line.counts['aida_words_missing'], line.counts['aida_words_wrong'], line.talker.failure]).toEqual([
    undefined,
    undefined,
    null,
  ]);
});

test("somebody else's answer is wrong, word for word; an answer without its end lacks words", () => {
  for (const [answer, wrong, missing] of [
    ['You said: I was thinking about item zero on my little list.', 1, 1],
    ['You said: I was thinking about', undefined, 6],
  ] as const) {
    const line = new Line();
    line.say('Hello there.');
    line.listen();
    line.run(700);
    line.say(answer);
    line.listen();
    expect([line.counts['aida_words_wrong'], line.counts['aida_words_missing']]).toEqual([wrong, missing]);
  }
});

test('frames that are lost, late or repeated are counted, and a hole in a sentence is a gap', () => {
  const line = new Line();
  line.say('Hello there, this is a long sentence.', (frames) => [...frames.slice(0, 5), ...frames.slice(8)]);
  line.run(4_000);
  expect(line.counts).toMatchObject({ aida_frames_lost: 3, aida_words_missing: 1 });
  const torn = new Line();
  const frames = encodeUtterance('Torn in two.', { utterance: 9, speaker: 'assistant' });
  const part = (from: number, to?: number): ArrayBuffer => joinBytes(frames.slice(from, to)).buffer as ArrayBuffer;
  torn.playout.push(readAudio(part(0, 10)), torn.nowMs);
  torn.run(300);
  torn.playout.push(readAudio(part(10)), torn.nowMs);
  torn.playout.push(readAudio(part(frames.length - 2)), torn.nowMs);
  torn.run(2_000);
  expect(torn.times['aida_gap']).toEqual([100]);
  expect([torn.counts['aida_frames_lost'], torn.talker.failure]).toEqual([undefined, null]);
});

test('an answer is interrupted, and the time until it is silent counts from the first word of the interruption', () => {
  const line = new Line({ interrupts: () => true });
  line.say('Hello there.');
  const asked = line.listen();
  line.run(700);
  line.say(`You said: ${asked} And there is much more that I could tell you about it.`);
  const before = line.said.length;
  while (line.said.length === before) line.run(FRAME_MS);
  line.run(200);
  line.playout.clear(line.nowMs);
  line.talker.cleared(line.nowMs);
  expect(line.times['aida_barge_in']?.map((ms) => ms >= 200 && ms <= 300)).toEqual([true]);
  expect([line.counts['aida_words_wrong'], line.counts['aida_words_missing'], line.counts['aida_clears']]).toEqual([
    undefined,
    undefined,
    1,
  ]);
  line.listen();
  line.run(700);
  line.say('You said: Wait a moment, I wanted to say something else.');
  line.run(6_000);
  expect([line.counts['aida_words_missing'], line.times['aida_silence']?.length]).toEqual([undefined, 2]);
});

test('a stream that breaks ends nothing: the talk goes on in the next one, and the wait counts as dead air', () => {
  const line = new Line();
  line.say('Hello there.');
  line.listen();
  line.run(700);
  line.say('You said: I was');
  line.run(300);
  line.playout.clear(line.nowMs);
  line.talker.closed(line.nowMs);
  line.nowMs += 1_200;
  line.talker.opened(line.nowMs);
  line.run(300);
  line.say('Sorry, the line was bad.');
  expect(line.listen()).toMatch(/^I was thinking/);
  line.talker.ended();
  expect([line.counts['aida_resumed'], line.counts['aida_words_missing']]).toEqual([1, undefined]);
  expect(line.times['aida_dead_air']?.map((ms) => ms >= 1_500 && ms < 1_600)).toEqual([true]);
});

test('who had heard everything when the stream ended goes on by themselves in the next one', () => {
  const line = new Line();
  line.say('Hello there.');
  line.listen();
  line.run(700);
  line.say('You said: nothing.');
  line.run(1_500);
  line.talker.closed(line.nowMs);
  line.nowMs += 400;
  line.talker.opened(line.nowMs);
  line.run(900);
  const before = line.said;
  expect(line.listen()).toMatch(/^I was thinking/);
  line.talker.ended();
  expect([before.endsWith('.'), line.times['aida_dead_air']?.map((ms) => ms < 800)]).toEqual([true, [true]]);
});

test('nobody waits for ever: without a greeting, an answer or a hang-up after goodbye the call has failed', () => {
  const silent = new Line();
  silent.run(firstWordMsMax + 100);
  expect(silent.talker.failure).toBe('no_first_word');
  const unanswered = new Line();
  unanswered.say('Hello there.');
  unanswered.listen();
  unanswered.run(answerMsMax + 100);
  expect(unanswered.talker.failure).toBe('no_answer');
  const kept = new Line({ saysGoodbye: true, talkMs: 0 });
  kept.say('Hello there.');
  kept.run(5_000);
  expect([kept.talker.saidGoodbye, kept.talker.failure]).toEqual([true, null]);
  kept.run(answerMsMax + 5_000);
  expect(kept.talker.failure).toBe('no_answer');
});

test('whoever has talked enough, or is told to leave, leaves at the end of a turn', () => {
  const line = new Line({ talkMs: 3_600_000 });
  line.say('Hello there.');
  line.listen();
  line.talker.leave();
  line.run(500);
  expect(line.talker.isDone).toBe(false);
  line.say('You said nothing of interest.');
  line.run(5_000);
  expect([line.talker.isDone, line.talker.failure]).toEqual([true, null]);
});

test('what callers decide follows from the seed; names never repeat', () => {
  const decided = (seed: number): string => {
    const chance = new Chance(seed);
    return Array.from({ length: 50 }, () => (chance.is(0.5) ? '1' : '0')).join('');
  };
  expect(decided(3)).toBe(decided(3));
  expect(decided(3)).not.toBe(decided(4));
  expect(new Chance(1).uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});
