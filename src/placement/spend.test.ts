import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Usage } from '../../machines/call-events.ts';
import { costMicros, judgeSpend, SpendMeter, tokensOf } from './spend.ts';

const prices = { textIn: 4, textInCached: 0.4, audioIn: 32, audioInCached: 0.4, textOut: 24, audioOut: 64 };
const nothing: Usage = { textIn: 0, textInCached: 0, audioIn: 0, audioInCached: 0, textOut: 0, audioOut: 0 };

test('each kind of token has its own price: a million of each cost what the list says', () => {
  for (const [kind, price] of Object.entries(prices)) {
    expect(costMicros({ ...nothing, [kind]: 1_000_000 }, prices)).toBeCloseTo(price * 1_000_000);
  }
});

test('a response with a cached context costs a fraction of the same one fresh', () => {
  const cached = {
    ...nothing,
    textIn: 34,
    textInCached: 576,
    audioIn: 38,
    audioInCached: 20,
    textOut: 30,
    audioOut: 72,
  };
  expect(costMicros(cached, prices)).toBeCloseTo(34 * 4 + 576 * 0.4 + 38 * 32 + 20 * 0.4 + 30 * 24 + 72 * 64);
  expect(tokensOf(cached)).toBe(770);
});

test('what was not answered is told again under its number, and nothing with it; fractions are not lost', () => {
  const meter = new SpendMeter();
  expect(meter.tell()).toEqual({ spentMicros: 0, telling: 1 });
  meter.add(10.4);
  const first = meter.tell();
  expect(first).toEqual({ spentMicros: 10, telling: 1 });
  meter.add(5.4);
  expect(meter.tell()).toEqual(first);
  meter.heard(first);
  meter.heard(first);
  expect(meter.tell()).toEqual({ spentMicros: 5, telling: 2 });
  meter.heard(meter.tell());
  meter.add(0.3);
  expect(meter.tell()).toEqual({ spentMicros: 1, telling: 3 });
});

test('property: what is told adds up to what was spent, whatever goes unanswered', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ micros: fc.double({ min: 0, max: 1e5, noNaN: true }), isAnswered: fc.boolean() })),
      (steps) => {
        const meter = new SpendMeter();
        let told = 0;
        for (const { micros, isAnswered } of steps) {
          meter.add(micros);
          const now = meter.tell();
          if (!isAnswered) continue;
          meter.heard(now);
          told += now.spentMicros;
        }
        const last = meter.tell();
        meter.heard(last);
        told += last.spentMicros + meter.tell().spentMicros;
        const spent = steps.reduce((sum, { micros }) => sum + micros, 0);
        expect(Math.abs(told - spent)).toBeLessThan(1.001);
      },
    ),
  );
});

test('the alarm stands at 80 %, the limit at 100 %, of the hour or of the day', () => {
  const max = { perHour: 10, perDay: 100 };
  const judge = (hour: number, day: number) => judgeSpend({ hourMicros: hour * 1e6, dayMicros: day * 1e6 }, max).state;
  expect(judge(7.99, 79.9)).toBe('open');
  expect(judge(8, 0)).toBe('alarm');
  expect(judge(0, 80)).toBe('alarm');
  expect(judge(9.99, 99.99)).toBe('alarm');
  expect(judge(10, 0)).toBe('spent');
  expect(judge(0, 100)).toBe('spent');
  expect(judgeSpend({ hourMicros: 25e6, dayMicros: 30e6 }, max).share).toBe(2.5);
});

test('without a limit nothing is ever spent; a limit of nothing is reached at once', () => {
  expect(judgeSpend({ hourMicros: 1e12, dayMicros: 1e12 }, null)).toEqual({ state: 'open', share: 0 });
  expect(judgeSpend({ hourMicros: 0, dayMicros: 0 }, { perHour: 0, perDay: 5 }).state).toBe('spent');
});
