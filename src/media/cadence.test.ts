import { describe, expect, test } from 'vitest';
import { Vad, type VadEvent } from '../sim/model/vad.ts';
import { callerAudio, frameOf, Heard } from './caller-audio.fixture.ts';
import { batchMs } from './cadence.ts';
import { frameBytes } from './cutter.ts';
import { after, click, hiss, mulaw, music, over, quiet, speech, type Sound } from './signals.fixture.ts';

const frameMs = 20;

interface Told extends VadEvent {
  /** When the server noticed. */
  now: number;
}

interface Take {
  /** By a server that hears each frame as it comes. */
  direct: Told[];
  /** By one behind the cadence. */
  through: Told[];
  /** How late each frame reached the server, ms. */
  lateMs: number[];
  /** Milliseconds at which single frames were sent. */
  single: number[];
  appends: number;
}

function play(sound: Sound, threshold: number, lineMs?: number): Take {
  return playBytes(mulaw(sound), threshold, lineMs);
}

/** Plays µ-law to a server whose voice detection has this threshold and whose word takes `lineMs` to come back. */
function playBytes(bytes: Uint8Array, threshold: number, lineMs = 100): Take {
  const detection = { type: 'server_vad', threshold, silence_duration_ms: 500 } as const;
  const [near, far] = [new Vad(), new Vad()];
  const take: Take = { direct: [], through: [], lateMs: [], single: [], appends: 0 };
  const news: Told[] = [];
  const { audio } = callerAudio('adaptive');
  let now = 0;
  const ear = new (class extends Heard {
    override append(event: Uint8Array, from: number, to: number): void {
      super.append(event, from, to);
      const heard = this.appends.at(-1) ?? Buffer.alloc(0);
      take.appends++;
      if (heard.length === frameBytes) take.single.push(now);
      for (let at = 0; at < heard.length; at += frameBytes) {
        take.lateMs.push(now - (take.lateMs.length + 1) * frameMs);
        const told = far.step(heard.subarray(at, at + frameBytes), detection);
        if (told) take.through.push({ ...told, now });
        if (told) news.push({ ...told, now: now + lineMs });
      }
    }
  })();
  audio.connect(ear);
  for (let at = 0; at < bytes.length; at += frameBytes) {
    now += frameMs;
    while (news[0] && news[0].now <= now) {
      if (news.shift()?.kind === 'started') audio.speechStarted();
      else audio.speechStopped();
    }
    const frame = bytes.subarray(at, at + frameBytes);
    const told = near.step(frame, detection);
    if (told) take.direct.push({ ...told, now });
    audio.frame(frameOf(frame, now - frameMs), now);
  }
  audio.flush();
  expect(ear.audio.equals(bytes)).toBe(true);
  return take;
}

/** The server hears the same turns, the end of each at the same moment. Returns how late it noticed each beginning. */
function onsetsLateMs({ direct, through, lateMs }: Take): number[] {
  expect(through.map(({ kind, atMs }) => ({ kind, atMs }))).toEqual(direct.map(({ kind, atMs }) => ({ kind, atMs })));
  expect(Math.max(...lateMs)).toBeLessThan(batchMs);
  const late = through.map(({ kind, now }, i) => ({ kind, ms: now - (direct[i]?.now ?? NaN) }));
  for (const { kind, ms } of late) if (kind === 'stopped') expect(ms).toBe(0);
  return late.filter(({ kind }) => kind === 'started').map(({ ms }) => ms);
}

/** −62, −48, −38 and −29 dBFS: our gate opens at −52. */
const thresholds = [-0.2, 0, 0.5, 2];
const lead = 2000;

describe('whatever its threshold, the server hears every turn at most a batch late and its end at once', () => {
  const turns: Record<string, Sound> = {
    'loud speech': speech(-18, 1500),
    'a quick yes': speech(-20, 200),
    'an onset of -45 dBFS that rises slowly': speech(-20, 1600, 700, -45),
    'a rise out of nothing': speech(-22, 1600, 1000),
    'a whisper': over(hiss(-50, 900), speech(-55, 900)),
    'hiss of -40 dBFS': hiss(-40, 1200),
    'speech over a loud street': over(hiss(-38, 1500, 3), speech(-20, 1500)),
    'a burst of noise': hiss(-25, 120),
    'two turns with a pause between them': after(speech(-20, 800), quiet(1900), speech(-24, 800)),
    'three words with long gaps': after(speech(-20, 200), quiet(400), speech(-20, 200), quiet(400), speech(-20, 200)),
  };
  test.each(Object.entries(turns))('%s', (_, turn) => {
    let heard = 0;
    for (let phase = 0; phase < 5; phase++) {
      const bytes = mulaw(after(quiet(lead + phase * frameMs), turn, quiet(1500)));
      for (const threshold of thresholds) {
        for (const lineMs of [0, 150, 400]) heard += onsetsLateMs(playBytes(bytes, threshold, lineMs)).length;
      }
    }
    expect(heard).toBeGreaterThanOrEqual(2 * 3 * 5);
  });

  test('even of a word that is over long before the server says that it began', () => {
    for (let phase = 0; phase < 5; phase++) {
      const bytes = mulaw(after(quiet(lead + phase * frameMs), speech(-20, 200), quiet(1500)));
      const take = playBytes(bytes, 0.5, 900);
      expect(onsetsLateMs(take)).toEqual([0]);
      expect(take.through).toHaveLength(2);
    }
  });

  test('and over a street that was loud all the time', () => {
    for (const threshold of [1.5, 2, 3]) {
      const street = hiss(-31, 9000, 5);
      const sound = over(street, after(quiet(6000), speech(-15, 1500), quiet(1500)));
      for (const lineMs of [0, 150, 400]) expect(onsetsLateMs(play(sound, threshold, lineMs))).toEqual([0]);
    }
  });
});

describe('the gate', () => {
  test('opens with the first frame of speech, which brings along what was held back', () => {
    for (let phase = 0; phase < 5; phase++) {
      const { lateMs } = play(after(quiet(lead + phase * frameMs), speech(-30, 1000), quiet(200)), 0.5);
      expect(lateMs.slice(lead / frameMs + phase).every((ms) => ms === 0)).toBe(true);
    }
  });

  test('from the first word to a second after the end of the turn nothing is held back', () => {
    const { lateMs, through } = play(after(quiet(lead), speech(-20, 1500), quiet(4000)), 0.5, 300);
    const stopped = (through.at(-1)?.now ?? 0) / frameMs;
    const [from, to] = [lead / frameMs, stopped + 1300 / frameMs];
    expect(through.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
    expect(lateMs.slice(from, to - 1).every((ms) => ms === 0)).toBe(true);
    expect(lateMs.slice(to + 1, to + 11).some((ms) => ms === 80)).toBe(true);
  });

  test('a pause costs ten messages a second', () => {
    const { single, appends } = play(quiet(11_000), 0.5);
    expect(single.length).toBe(50);
    expect(appends).toBe(50 + 100);
  });

  test('steady noise is learned, however loud', () => {
    for (const db of [-50, -40, -30, -20]) {
      const { single } = play(hiss(db, 20_000), 99);
      expect(single.filter((now) => now > 4000)).toEqual([]);
    }
  });

  test('a click that nobody calls speech is over after its hold', () => {
    const { single } = play(after(quiet(lead), click(5000)), 99);
    const held = single.filter((now) => now > lead);
    expect(held.length).toBeGreaterThan(20);
    expect(Math.max(...held)).toBeLessThanOrEqual(lead + 720);
  });

  test('music on hold goes mostly together', () => {
    const { single } = play(music(-22, 60_000), 99);
    expect(single.length / 3000).toBeLessThan(0.15);
  });
});
