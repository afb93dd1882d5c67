import { expect, test } from 'vitest';
import { frameChars, FrameTimes } from './frame-times.ts';

function arrive(times: FrameTimes, payload: string): void {
  times.take(Buffer.from(payload), 0, payload.length);
}

test('a frame is 160 bytes, and is timed when it is known again', () => {
  const times = new FrameTimes(2);
  times.record();
  const first = times.frame(0);
  const other = times.frame(1);
  expect([first.length, Buffer.from(first, 'base64').length]).toEqual([frameChars, 160]);
  arrive(times, other);
  arrive(times, first);
  expect([times.sent, times.arrived, times.missing, times.disordered, times.foreign]).toEqual([2, 2, 0, 0, 0]);
  const { samples, p50 } = times.result();
  expect([samples, p50 >= 0]).toEqual([2, true]);
});

test('frames that left before are no samples', () => {
  const times = new FrameTimes(1);
  const early = times.frame(0);
  times.record();
  arrive(times, early);
  arrive(times, times.frame(0));
  expect([times.arrived, times.result().samples]).toEqual([2, 1]);
});

test('lost, repeated, mixed up and foreign audio is counted', () => {
  const times = new FrameTimes(1);
  const [one, , three, four] = [times.frame(0), times.frame(0), times.frame(0), times.frame(0)];
  for (const payload of [one, four, three]) arrive(times, payload);
  expect([times.missing, times.disordered]).toEqual([1, 2]);
  arrive(times, Buffer.alloc(160, 0xff).toString('base64'));
  expect([times.arrived, times.foreign]).toEqual([3, 1]);
});

test('joined frames are taken apart', () => {
  const times = new FrameTimes(1);
  const audio = Buffer.concat([times.frame(0), times.frame(0)].map((payload) => Buffer.from(payload, 'base64')));
  arrive(times, audio.toString('base64'));
  expect([times.missing, times.disordered, times.foreign]).toEqual([0, 0, 0]);
});
