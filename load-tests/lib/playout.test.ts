import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Playout as ReferencePlayout } from '../../src/sim/twilio/playout.ts';
import { FRAME_BYTES } from '../../src/sim/voice/index.ts';
import { FRAME_MS, Playout } from './playout.ts';

type Did = ['push', number] | ['mark'] | ['clear'] | ['wait', number];

/** What was heard and reached, in order, with the time at which it was seen. */
function played(actions: readonly Did[]): string[] {
  const seen: string[] = [];
  let [nowMs, frame, mark] = [1_000, 0, 0];
  const playout = new Playout<number>({
    heard: (number, atMs) => seen.push(`frame ${number} at ${atMs}`),
    reached: (name, flushed) => seen.push(`mark ${name}${flushed ? ' flushed' : ''}`),
  });
  for (const [action, by] of actions) {
    if (action === 'wait') nowMs += by;
    if (action === 'push')
      playout.push(
        Array.from({ length: by }, () => (frame += 1)),
        nowMs,
      );
    if (action === 'mark') playout.mark(String((mark += 1)), nowMs);
    if (action === 'clear') playout.clear(nowMs);
    playout.advance(nowMs);
  }
  return seen;
}

/** The same by the strict fake's buffer, in whole frames as they come to their end. */
function playedByFake(actions: readonly Did[]): string[] {
  const seen: string[] = [];
  let [nowMs, frame, mark, clearing] = [1_000, 0, 0, false];
  let [rest, first] = [0, 0];
  const playout = new ReferencePlayout((bytes, atMs) => {
    for (let at = 0; at < bytes.length; at += 1) {
      if (rest === 0) first = atMs + at / 8;
      rest += 1;
      if (rest < FRAME_BYTES) continue;
      rest = 0;
      seen.push(`frame ${bytes[at]} at ${Math.round(first)}`);
    }
  });
  for (const [action, by] of actions) {
    if (action === 'wait') nowMs += by;
    if (action === 'push') {
      for (let index = 0; index < by; index += 1) playout.push(new Uint8Array(FRAME_BYTES).fill((frame += 1)), nowMs);
    }
    if (action === 'mark') {
      const name = String((mark += 1));
      playout.mark(() => seen.push(`mark ${name}${clearing ? ' flushed' : ''}`), nowMs);
    }
    if (action === 'clear') {
      clearing = true;
      playout.clear(nowMs);
      clearing = false;
    }
    playout.advance(nowMs);
  }
  return seen;
}

test("plays and reaches marks as the strict fake's buffer does, at every whole frame", () => {
  const wait = fc.integer({ min: 0, max: 12 }).map((frames): Did => ['wait', frames * FRAME_MS]);
  const action = fc.oneof(
    wait,
    fc.integer({ min: 1, max: 5 }).map((frames): Did => ['push', frames]),
    fc.constant<Did>(['mark']),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const all: Did[] = [...actions, ['wait', 10_000]];
      // Ours tells of a frame when it begins, the fake's when it is over.
      const marks = (lines: string[]): string[] => lines.filter((line) => line.startsWith('mark'));
      const frames = (lines: string[]): string[] => lines.filter((line) => line.startsWith('frame'));
      const [ours, theirs] = [played(all), playedByFake(all)];
      expect([frames(ours), marks(ours)]).toEqual([frames(theirs), marks(theirs)]);
    }),
    { numRuns: 300 },
  );
});

test('clear drops what was not played and reaches every mark at once', () => {
  const actions: Did[] = [
    ['push', 3],
    ['mark'],
    ['push', 2],
    ['mark'],
    ['wait', 30],
    ['clear'],
    ['wait', 500],
    ['mark'],
  ];
  expect(played(actions)).toEqual(['frame 1 at 1000', 'frame 2 at 1020', 'mark 1 flushed', 'mark 2 flushed', 'mark 3']);
});

test('more than ten minutes are not taken', () => {
  const playout = new Playout<number>({ heard: () => undefined, reached: () => undefined });
  expect(
    playout.push(
      Array.from({ length: 30_000 }, () => 0),
      0,
    ),
  ).toBe(true);
  expect([playout.push([0, 0], 10), playout.waiting, playout.clear(10)]).toEqual([false, 29_999, 29_999]);
});
