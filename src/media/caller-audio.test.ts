import { expect, test } from 'vitest';
import { appendOf, payloadOf } from '../model/append.ts';
import { CallerAudio, keptBytesMax } from './caller-audio.ts';

function frame(value: number, ms = 20): [event: string, bytes: number] {
  return [appendOf(Buffer.alloc(ms * 8, value).toString('base64')), ms * 8];
}

class Heard {
  readonly appends: Buffer[] = [];
  append(event: string): void {
    this.appends.push(Buffer.from(payloadOf(event), 'base64'));
  }
  /** Runs of equal bytes: value × ms. */
  get runs(): string[] {
    const runs: [number, number][] = [];
    for (const byte of Buffer.concat(this.appends)) {
      const last = runs.at(-1);
      if (last?.[0] === byte) last[1]++;
      else runs.push([byte, 1]);
    }
    return runs.map(([value, bytes]) => `${value}×${bytes / 8}`);
  }
}

function connected(): { audio: CallerAudio; heard: Heard; dropped: number[] } {
  const dropped: number[] = [];
  const audio = new CallerAudio((frames) => dropped.push(frames));
  const heard = new Heard();
  audio.connect(heard);
  return { audio, heard, dropped };
}

test('frames pass unchanged, gaps become silence', () => {
  const { audio, heard } = connected();
  expect(audio.frame(...frame(1), 5)).toBe(true);
  expect(audio.frame(...frame(2), 25)).toBe(true);
  expect(audio.frame(...frame(3), 105)).toBe(true);
  expect(heard.runs).toEqual(['1×20', '2×20', '255×60', '3×20']);
  expect(heard.appends).toHaveLength(4);
});

test('jitter below a frame is no gap, a long gap is filled up to ten seconds', () => {
  const { audio, heard } = connected();
  audio.frame(...frame(1), 0);
  audio.frame(...frame(2), 39);
  audio.frame(...frame(3), 60_000);
  expect(heard.runs).toEqual(['1×20', '2×20', '255×10000', '3×20']);
});

test('repeated frames and frames from the past are left out, until the clock is followed', () => {
  const { audio, heard } = connected();
  audio.frame(...frame(1), 1000);
  expect(audio.frame(...frame(2), 1000)).toBe(false);
  expect(audio.frame(...frame(3), 980)).toBe(false);
  expect(audio.frame(...frame(4), 1020)).toBe(true);
  for (let i = 0; i < 50; i++) expect(audio.frame(...frame(5), i)).toBe(false);
  expect(audio.frame(...frame(6), 60)).toBe(true);
  expect(audio.frame(...frame(7), 80)).toBe(true);
  expect(heard.runs).toEqual(['1×20', '4×20', '6×20', '7×20']);
});

test('750 ms without a frame in speech: silence in real time, and no second time from the timestamps', () => {
  const { audio, heard } = connected();
  audio.frame(...frame(1), 0);
  audio.tick(0, true, true);
  audio.tick(250, false, true);
  audio.tick(500, false, true);
  audio.tick(750, false, true);
  expect(heard.runs).toEqual(['1×20']);
  audio.tick(1000, false, true);
  expect(heard.runs).toEqual(['1×20', '255×740']);
  audio.tick(1250, false, true);
  expect(heard.runs).toEqual(['1×20', '255×1000']);
  audio.frame(...frame(2), 1040);
  expect(heard.runs).toEqual(['1×20', '255×1020', '2×20']);
});

test('a pause while nobody speaks is left to the timestamps', () => {
  const { audio, heard } = connected();
  audio.frame(...frame(1), 0);
  for (let now = 0; now <= 3000; now += 250) audio.tick(now, false, false);
  expect(heard.runs).toEqual(['1×20']);
});

test('frames that were only late are not lost', () => {
  const { audio, heard } = connected();
  audio.frame(...frame(1), 0);
  for (let now = 0; now <= 1000; now += 250) audio.tick(now, false, true);
  audio.frame(...frame(2), 20);
  audio.frame(...frame(3), 40);
  expect(heard.runs).toEqual(['1×20', '255×1000', '2×20', '3×20']);
});

test('early frames wait in order and arrive joined', () => {
  const dropped: number[] = [];
  const audio = new CallerAudio((frames) => dropped.push(frames));
  for (let i = 0; i < 100; i++) audio.frame(...frame(i), i * 20);
  const heard = new Heard();
  audio.connect(heard);
  audio.frame(...frame(200), 2000);
  expect(heard.runs).toEqual([...Array.from({ length: 100 }, (_, i) => `${i}×20`), '200×20']);
  expect(heard.appends.map((append) => append.length)).toEqual([12_000, 4000, 160]);
  expect(dropped).toEqual([]);
});

test('early audio is bounded: the oldest goes', () => {
  let dropped = 0;
  const audio = new CallerAudio((frames) => (dropped += frames));
  const frames = keptBytesMax / 160 + 10;
  for (let i = 0; i < frames; i++) audio.frame(...frame(i < 10 ? 1 : 2), i * 20);
  const heard = new Heard();
  audio.connect(heard);
  expect(heard.runs).toEqual([`2×${keptBytesMax / 8}`]);
  expect(dropped).toBe(10);
});

test('a session in place of another one hears the last 400 ms again, and nothing twice', () => {
  const { audio, heard } = connected();
  for (let i = 0; i < 50; i++) audio.frame(...frame(i), i * 20);
  const next = new Heard();
  audio.connect(next);
  audio.frame(...frame(50), 1000);
  expect(heard.runs).toHaveLength(50);
  expect(next.runs).toEqual(Array.from({ length: 21 }, (_, i) => `${30 + i}×20`));
  const third = new Heard();
  audio.connect(third);
  expect(third.runs).toEqual(['50×20']);
});

test('a turn that was not in words when its session was lost is heard whole by the next one', () => {
  const { audio, dropped } = connected();
  for (let i = 0; i < 40; i++) audio.frame(...frame(i), i * 20);
  audio.keep();
  for (let i = 40; i < 80; i++) audio.frame(...frame(i), i * 20);
  audio.disconnect();
  audio.frame(...frame(80), 1600);
  const next = new Heard();
  audio.connect(next);
  expect(next.runs).toEqual(Array.from({ length: 61 }, (_, i) => `${20 + i}×20`));
  expect(dropped).toEqual([]);
});

test('what is in words is not kept', () => {
  const { audio } = connected();
  audio.keep();
  for (let i = 0; i < 40; i++) audio.frame(...frame(i), i * 20);
  audio.settled();
  const next = new Heard();
  audio.connect(next);
  expect(next.runs).toEqual(Array.from({ length: 20 }, (_, i) => `${20 + i}×20`));
});
