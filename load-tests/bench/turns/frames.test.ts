import { expect, test } from 'vitest';
import { encodeSample, energy } from '../../../src/sim/voice/index.ts';
import { frameBytes, FrameLedger, type FrameMark, speechOf } from './frames.ts';

const message = (payload: string): Buffer => Buffer.from(`x${payload}x`);

function heardBy(ledger: FrameLedger, payload: string): FrameMark[] {
  const marks: FrameMark[] = [];
  ledger.take(message(payload), 1, 1 + payload.length, (mark) => marks.push({ ...mark }));
  return marks;
}

test('a frame says whose it is and whether it is speech, alone and joined with others', () => {
  const ledger = new FrameLedger(300);
  expect(heardBy(ledger, ledger.frame(7, true))).toEqual([{ line: 7, isSpeech: true }]);
  const frames = Array.from({ length: 5 }, (_, i) => Buffer.from(ledger.frame(299, i > 2), 'base64'));
  expect(heardBy(ledger, Buffer.concat(frames).toString('base64'))).toEqual(
    [false, false, false, true, true].map((isSpeech) => ({ line: 299, isSpeech })),
  );
  expect(ledger).toMatchObject({ sent: 6, arrived: 6, missing: 0, disordered: 0, foreign: 0 });
});

test('silence is softer than any gate opens for, speech louder than any', () => {
  const ledger = new FrameLedger(1);
  const [quiet, loud] = [false, true].map((speaks) => Buffer.from(ledger.frame(0, speaks), 'base64'));
  expect(energy(quiet as Buffer)).toBeLessThan(0.001);
  expect(energy(loud as Buffer)).toBeGreaterThan(0.1);
  expect(encodeSample(0)).toBe(0xff);
});

test('what is lost, repeated, out of turn or changed is counted', () => {
  const ledger = new FrameLedger(2);
  const [first = '', second = '', third = ''] = Array.from({ length: 3 }, () => ledger.frame(0, false));
  heardBy(ledger, first);
  heardBy(ledger, third);
  heardBy(ledger, second);
  expect(ledger).toMatchObject({ sent: 3, arrived: 3, disordered: 2, foreign: 0 });
  heardBy(ledger, Buffer.alloc(frameBytes, 0xff).toString('base64'));
  expect(ledger).toMatchObject({ arrived: 3, foreign: 1 });
  ledger.frame(1, true);
  expect(ledger.missing).toBe(1);
});

test('an answer is marked ahead, and each of its frames is timed when it leaves', () => {
  const ledger = new FrameLedger(1);
  const answer = speechOf(3);
  for (let frame = 0; frame < 3; frame++) ledger.mark(0, true, answer, frame * frameBytes, frame);
  ledger.record(true);
  ledger.leaves(0);
  ledger.leaves(0);
  ledger.takeAudio(answer.subarray(0, 2.5 * frameBytes), () => undefined);
  expect(ledger).toMatchObject({ sent: 2, arrived: 2, disordered: 0 });
  expect(ledger.result().samples).toBe(2);
});

test('the latency of speech alone leaves silence out', () => {
  const ledger = new FrameLedger(1);
  heardBy(ledger, ledger.frame(0, true));
  ledger.record(false);
  for (const speaks of [false, true, false]) heardBy(ledger, ledger.frame(0, speaks));
  expect(ledger.result().samples).toBe(1);
});
