import { expect, test } from 'vitest';
import { PlayoutClock } from './playout.ts';

test('heard is the last echo and the time since, at most what was sent', () => {
  const clock = new PlayoutClock();
  expect([clock.heardMs(0), clock.drained]).toEqual([0, true]);
  clock.sent(600, 1000);
  clock.sent(600, 1000);
  expect([clock.heardMs(1000), clock.heardMs(1200), clock.leadMs(1200), clock.drained]).toEqual([0, 200, 1000, false]);
  clock.echoed(600, 1650);
  expect([clock.heardMs(1650), clock.heardMs(1900), clock.heardMs(9000)]).toEqual([600, 850, 1200]);
  expect([clock.overdueMs(2250), clock.overdueMs(2300)]).toEqual([0, 50]);
  clock.echoed(1200, 2260);
  expect([clock.drained, clock.overdueMs(9000)]).toEqual([true, 0]);
});

test('a carrier that stops echoing is not taken to play on', () => {
  const clock = new PlayoutClock();
  clock.sent(5000, 0);
  clock.echoed(600, 620);
  expect([clock.heardMs(1620), clock.heardMs(4000)]).toEqual([1600, 1700]);
});

test('after a pause playback goes on from the next send', () => {
  const clock = new PlayoutClock();
  clock.sent(200, 0);
  clock.sent(200, 5000);
  expect([clock.heardMs(5000), clock.heardMs(5100)]).toEqual([200, 300]);
});

test('an echo out of order changes nothing', () => {
  const clock = new PlayoutClock();
  clock.sent(400, 0);
  clock.echoed(400, 400);
  clock.echoed(200, 500);
  expect([clock.heardMs(500), clock.drained]).toEqual([400, true]);
});

test('a clear begins anew', () => {
  const clock = new PlayoutClock();
  clock.sent(5000, 0);
  clock.clear();
  expect([clock.sentMs, clock.heardMs(100), clock.drained]).toEqual([0, 0, true]);
});

test('an echo of what cannot have been played says nothing', () => {
  const clock = new PlayoutClock();
  clock.sent(3000, 1000);
  expect([clock.echoed(600, 1300), clock.heardMs(1300)]).toEqual([false, 300]);
  expect([clock.echoed(600, 1550), clock.heardMs(1550)]).toEqual([false, 550]);
  expect([clock.echoed(600, 1650), clock.heardMs(1650)]).toEqual([true, 600]);
  // Our own process was busy: echoes arrive late and together.
  expect([clock.echoed(1200, 3000), clock.echoed(1800, 3000), clock.echoed(3000, 3000)]).toEqual([true, true, false]);
});
