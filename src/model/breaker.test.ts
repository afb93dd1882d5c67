import { beforeEach, describe, expect, test } from 'vitest';
import { Breaker, breakerLimits, type Passage } from './breaker.ts';

const { failuresMax, windowMs, passingRestMs, fatalRestMs, restMsMax, trialMs } = breakerLimits;

let now: number;
let told: unknown[];
let breaker: Breaker;

beforeEach(() => {
  now = 0;
  told = [];
  breaker = new Breaker(() => now, {
    rests: (code, restMs) => told.push(['rests', code, restMs]),
    tries: () => told.push('tries'),
    works: (restedMs) => told.push(['works', restedMs]),
  });
});

const spoken = (): Passage => {
  const passage = breaker.enter();
  passage.configured();
  passage.spoke();
  return passage;
};
const fail = (times: number): void => {
  for (let nth = 0; nth < times; nth += 1) breaker.enter().lost('unreachable', false);
};

describe('what opens it', () => {
  test('failures in a row that may pass, within a window', () => {
    fail(failuresMax - 1);
    expect(breaker.admits).toBe(true);
    fail(1);
    expect([breaker.admits, breaker.isDown, told]).toEqual([false, false, [['rests', 'unreachable', passingRestMs]]]);
  });

  test('not as many with a session between them that was heard, nor over a longer time', () => {
    fail(failuresMax - 1);
    spoken();
    fail(failuresMax - 1);
    now = windowMs;
    fail(failuresMax - 1);
    expect([breaker.admits, told]).toEqual([true, []]);
  });

  test.each([
    ['insufficient_quota', false],
    ['invalid_api_key', true],
    ['http_401', true],
    ['invalid_value', true],
  ])('%s at once', (code, isFatal) => {
    breaker.enter().lost(code, isFatal);
    expect([breaker.admits, breaker.isDown, breaker.isFatal]).toEqual([false, true, true]);
    expect(told).toEqual([['rests', code, fatalRestMs]]);
  });

  test.each(['closed_1006', 'closed_1000', 'half_open', 'session_expired', 'profile_failed'])(
    'not a conversation that breaks off: %s',
    (code) => {
      for (let nth = 0; nth < 2 * failuresMax; nth += 1) spoken().lost(code, true);
      expect([breaker.admits, told]).toEqual([true, []]);
    },
  );

  test.each(['response_stalled', 'server_error', 'rate_limit_exceeded', 'dead_air'])(
    'sessions that say no more: %s',
    (code) => {
      const passages = Array.from({ length: failuresMax }, spoken);
      for (const passage of passages) passage.lost(code, false);
      expect(breaker.admits).toBe(false);
    },
  );
});

describe('what closes it', () => {
  let before: Passage;

  beforeEach(() => {
    before = breaker.enter();
    fail(failuresMax);
  });

  test('one session tries for all, and the others may after it was configured', () => {
    now = passingRestMs - 1;
    expect(breaker.admits).toBe(false);
    now = passingRestMs;
    expect(breaker.admits).toBe(true);
    const trial = breaker.enter();
    expect([breaker.admits, breaker.state]).toEqual([false, 'trying']);
    now += 100;
    trial.configured();
    expect([breaker.admits, breaker.state, breaker.isDown]).toEqual([true, 'closed', false]);
    expect(told.slice(1)).toEqual(['tries', ['works', passingRestMs + 100]]);
  });

  test('each trial that fails doubles the rest, up to a bound; from the first one on it is down', () => {
    const rests: number[] = [];
    for (let nth = 0; nth < 9; nth += 1) {
      now += restMsMax;
      breaker.enter().lost('unreachable', false);
      const last = told.at(-1) as [string, string, number];
      rests.push(last[2]);
    }
    expect(rests).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
    expect([breaker.isDown, breaker.isFatal]).toEqual([true, false]);
  });

  test('sessions from before have no say', () => {
    now = passingRestMs;
    const trial = breaker.enter();
    before.spoke();
    before.lost('invalid_api_key', true);
    expect([breaker.state, told.at(-1)]).toEqual(['trying', 'tries']);
    trial.configured();
    expect(breaker.state).toBe('closed');
  });

  test('a trial that was given back lets the next one try at once; one without a verdict is not waited for', () => {
    now = passingRestMs;
    breaker.enter().left();
    expect(breaker.admits).toBe(true);
    const hung = breaker.enter();
    now += trialMs - 1;
    expect(breaker.admits).toBe(false);
    now += 1;
    breaker.enter().configured();
    expect(breaker.state).toBe('closed');
    hung.lost('configure_timeout', false);
    expect(breaker.admits).toBe(true);
  });
});

test('where sessions fail after they were configured only one that was heard proves anything', () => {
  const broke = breaker.enter();
  broke.configured();
  broke.lost('insufficient_quota', true);
  now = fatalRestMs;
  const trial = breaker.enter();
  trial.configured();
  expect(breaker.state).toBe('trying');
  trial.spoke();
  expect(breaker.state).toBe('closed');
});
