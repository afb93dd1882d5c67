import { expect, test } from 'vitest';
import { callerAudio, frameOf, Heard } from './caller-audio.fixture.ts';
import { batchMs } from './cadence.ts';
import { keptBytesMax, type CallerAudio, type FrameFate } from './caller-audio.ts';

/** A frame of so many ms of one value; when it arrived is of no matter here. */
function put(audio: CallerAudio, value: number, timestampMs: number, ms = 20): FrameFate {
  return audio.frame(frameOf(new Uint8Array(ms * 8).fill(value), timestampMs), 0);
}

function waiting(): { audio: CallerAudio; dropped: () => Promise<number> } {
  const { audio, metrics } = callerAudio();
  return { audio, dropped: async () => (await metrics.droppedFrames.get()).values[0]?.value ?? 0 };
}

function connected(): { audio: CallerAudio; heard: Heard; dropped: () => Promise<number> } {
  const heard = new Heard();
  const made = waiting();
  made.audio.connect(heard);
  return { ...made, heard };
}

test('frames pass unchanged, gaps become silence', () => {
  const { audio, heard } = connected();
  expect(put(audio, 1, 5)).toBe('sent');
  expect(put(audio, 2, 25)).toBe('sent');
  expect(put(audio, 3, 105)).toBe('sent');
  expect(heard.runs).toEqual(['1×20', '2×20', '255×60', '3×20']);
  expect(heard.appends).toHaveLength(4);
});

test('jitter below a frame is no gap, a long gap is filled up to ten seconds', () => {
  const { audio, heard } = connected();
  put(audio, 1, 0);
  put(audio, 2, 39);
  put(audio, 3, 60_000);
  expect(heard.runs).toEqual(['1×20', '2×20', '255×10000', '3×20']);
});

test('repeated frames and frames from the past are left out, until the clock is followed', () => {
  const { audio, heard } = connected();
  put(audio, 1, 1000);
  expect(put(audio, 2, 1000)).toBe('repeated');
  expect(put(audio, 3, 980)).toBe('repeated');
  expect(put(audio, 4, 1020)).toBe('sent');
  for (let i = 0; i < 50; i++) expect(put(audio, 5, i)).toBe('repeated');
  expect(put(audio, 6, 60)).toBe('sent');
  expect(put(audio, 7, 80)).toBe('sent');
  expect(heard.runs).toEqual(['1×20', '4×20', '6×20', '7×20']);
});

test('750 ms without a frame in speech: silence in real time, and no second time from the timestamps', () => {
  const { audio, heard } = connected();
  put(audio, 1, 0);
  audio.tick(0, true, true);
  audio.tick(250, false, true);
  audio.tick(500, false, true);
  audio.tick(750, false, true);
  expect(heard.runs).toEqual(['1×20']);
  audio.tick(1000, false, true);
  expect(heard.runs).toEqual(['1×20', '255×740']);
  audio.tick(1250, false, true);
  expect(heard.runs).toEqual(['1×20', '255×1000']);
  put(audio, 2, 1040);
  expect(heard.runs).toEqual(['1×20', '255×1020', '2×20']);
});

test('a pause while nobody speaks is left to the timestamps', () => {
  const { audio, heard } = connected();
  put(audio, 1, 0);
  for (let now = 0; now <= 3000; now += 250) audio.tick(now, false, false);
  expect(heard.runs).toEqual(['1×20']);
});

test('frames that were only late are not lost', () => {
  const { audio, heard } = connected();
  put(audio, 1, 0);
  for (let now = 0; now <= 1000; now += 250) audio.tick(now, false, true);
  put(audio, 2, 20);
  put(audio, 3, 40);
  expect(heard.runs).toEqual(['1×20', '255×1000', '2×20', '3×20']);
});

test('early frames wait in order and arrive joined', async () => {
  const { audio, dropped } = waiting();
  for (let i = 0; i < 100; i++) put(audio, i, i * 20);
  const heard = new Heard();
  audio.connect(heard);
  put(audio, 200, 2000);
  expect(heard.runs).toEqual([...Array.from({ length: 100 }, (_, i) => `${i}×20`), '200×20']);
  expect(heard.appends.map((append) => append.length)).toEqual([12_000, 4000, 160]);
  expect(await dropped()).toBe(0);
});

test('early audio is bounded: the oldest goes', async () => {
  const { audio, dropped } = waiting();
  const frames = keptBytesMax / 160 + 10;
  for (let i = 0; i < frames; i++) put(audio, i < 10 ? 1 : 2, i * 20);
  const heard = new Heard();
  audio.connect(heard);
  expect(heard.runs).toEqual([`2×${keptBytesMax / 8}`]);
  expect(await dropped()).toBe(10);
});

test('a session in place of another one hears the last 400 ms again, and nothing twice', () => {
  const { audio, heard } = connected();
  for (let i = 0; i < 50; i++) put(audio, i, i * 20);
  const next = new Heard();
  audio.connect(next);
  put(audio, 50, 1000);
  expect(heard.runs).toHaveLength(50);
  expect(next.runs).toEqual(Array.from({ length: 21 }, (_, i) => `${30 + i}×20`));
  const third = new Heard();
  audio.connect(third);
  expect(third.runs).toEqual(['50×20']);
});

test('a turn that was not in words when its session was lost is heard whole by the next one', async () => {
  const { audio, dropped } = connected();
  for (let i = 0; i < 40; i++) put(audio, i, i * 20);
  audio.speechStarted();
  for (let i = 40; i < 80; i++) put(audio, i, i * 20);
  audio.disconnect();
  put(audio, 80, 1600);
  const next = new Heard();
  audio.connect(next);
  expect(next.runs).toEqual(Array.from({ length: 61 }, (_, i) => `${20 + i}×20`));
  expect(await dropped()).toBe(0);
});

test('what is in words is not kept', () => {
  const { audio } = connected();
  audio.speechStarted();
  for (let i = 0; i < 40; i++) put(audio, i, i * 20);
  audio.settled();
  const next = new Heard();
  audio.connect(next);
  expect(next.runs).toEqual(Array.from({ length: 20 }, (_, i) => `${20 + i}×20`));
});

test('how long ago a place in the audio of the session was heard: from the beginning of the frame that held it', () => {
  const { audio } = connected();
  for (let i = 0; i < 5; i++) audio.frame(frameOf(new Uint8Array(160), i * 20), 1_000 + i * 20);
  expect([80, 60, 0].map((place) => audio.agoMs(place, 1_080))).toEqual([0, 20, 80]);
  expect(audio.agoMs(60, 1_087)).toBe(27);
  // Beyond what was heard: it is of this moment.
  expect(audio.agoMs(900, 1_080)).toBe(0);
  audio.connect(new Heard());
  // Another session begins with what it has to hear: the audio of before.
  expect(audio.agoMs(80, 1_080)).toBe(0);
});

test('a session that goes on on another line counts its audio on, and so do we', () => {
  const { audio, heard } = connected();
  for (let i = 0; i < 5; i++) audio.frame(frameOf(new Uint8Array(160), i * 20), 1_000 + i * 20);
  audio.close();
  const other = callerAudio().audio;
  other.connect(heard);
  for (let i = 0; i < 5; i++) other.frame(frameOf(new Uint8Array(160), i * 20), 5_000 + i * 20);
  expect([180, 160, 100].map((place) => other.agoMs(place, 5_080))).toEqual([0, 20, 80]);
});

test('silence that stands in for missing frames makes nothing longer ago than it was', () => {
  const { audio } = connected();
  audio.frame(frameOf(new Uint8Array(160), 0), 1_000);
  for (const now of [1_000, 1_250, 1_500, 1_750, 2_000]) audio.tick(now, now === 1_000, true);
  // The first frame began at the ear's place 0, and 740 ms of silence followed.
  expect(audio.agoMs(0, 2_000)).toBe(1_000);
});

test('in a pause frames go together, with the tick at the latest', () => {
  const { audio } = callerAudio('adaptive');
  const heard = new Heard();
  audio.connect(heard);
  let now = 0;
  const silence = (): FrameFate => {
    now += 20;
    return audio.frame(frameOf(new Uint8Array(160).fill(255), now), now);
  };
  // The second after a session began to hear.
  for (let i = 0; i < 50; i++) expect(silence()).toBe('sent');
  expect(Array.from({ length: 7 }, silence)).toEqual(['held', 'held', 'held', 'held', 'sent', 'held', 'held']);
  expect(heard.appends.slice(50).map(({ length }) => length)).toEqual([batchMs * 8]);
  audio.tick(now + 79, true, false);
  expect(heard.appends).toHaveLength(51);
  audio.tick(now + 80, true, false);
  expect(heard.appends.slice(51).map(({ length }) => length)).toEqual([320]);
  silence();
  audio.speechStarted();
  expect(heard.appends.slice(52).map(({ length }) => length)).toEqual([160]);
  expect(silence()).toBe('sent');
  expect(heard.runs).toEqual([`255×${59 * 20}`]);
});

test('a frame that is larger than what is kept does not push out what was held back', () => {
  for (let before = 50; before < 100; before++) {
    const { audio } = callerAudio('adaptive');
    const heard = new Heard();
    audio.connect(heard);
    const sent = Array.from({ length: before }, (_, i) => new Uint8Array(160).fill(255 - (i % 3)));
    sent.push(new Uint8Array(4_000).fill(7));
    let timestampMs = 0;
    for (const bytes of sent) {
      audio.frame(frameOf(bytes, timestampMs), timestampMs);
      timestampMs += bytes.length / 8;
    }
    expect(heard.audio.equals(Buffer.concat(sent))).toBe(true);
  }
});
