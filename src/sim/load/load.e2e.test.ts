import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadSummary } from '../../../load-tests/lib/summary.ts';
import { startStack, type Stack } from '../stack.ts';
import type { Callers } from './callers/callers.ts';
import { newJourneys } from './frame-journeys.ts';
import { LeanModel } from './model/lean-model.ts';
import { callersOf } from './of-stack.ts';
import { runLoad } from './run.ts';

const calls = 10;
const seconds = { questionSeconds: 1, answerSeconds: 2 };
const openLateMs = 300;

let model: LeanModel;
let stack: Stack;
beforeAll(async () => {
  model = await LeanModel.start({ ...seconds, openLateMs, speed: 2, journeys });
  stack = await startStack({ model: null, env: { OPENAI_REALTIME_URL: model.url } });
});
afterAll(async () => {
  await stack.stop();
  model.close();
});

const journeys = newJourneys();

describe('ten callers and a model that opens late', () => {
  let callers: Callers;
  let summary: LoadSummary;
  beforeAll(async () => {
    callers = callersOf(stack, {
      ...seconds,
      pauseMs: 200,
      bargeInShare: 0.5,
      bargeInAfterMsMax: 1_000,
      journeys,
    });
    summary = await runLoad(callers, { scenario: 'ten', calls, perSecond: 20, seconds: 12 });
  });
  afterAll(() => callers.close());

  test('all are answered, and nobody fails', () => {
    expect(summary.calls).toEqual({
      ...{ started: calls, answered: calls, refused: 0, waited: 0, completed: calls, failed: {}, hungUpByUs: 0 },
    });
    expect(callers.complaints).toEqual([]);
    expect(model.complaints).toEqual([]);
    expect(summary.counters['aida_callbacks_failed']).toBeUndefined();
  });

  test('not one frame is lost, repeated or damaged on its way, silence included', () => {
    const { frames, framesLost, framesRepeated, framesStrange, wordsMissing, turns } = model.counts();
    expect({ framesLost, framesRepeated, framesStrange, wordsMissing }).toEqual({
      ...{ framesLost: 0, framesRepeated: 0, framesStrange: 0, wordsMissing: 0 },
    });
    expect(frames).toBe(summary.counters['aida_frames_sent']);
    expect(turns).toBeGreaterThanOrEqual(summary.counters['aida_turns'] ?? 0);
    expect(summary.counters).toMatchObject({ aida_frames_lost: 0, aida_frames_repeated: 0, aida_words_missing: 0 });
    expect(summary.counters['aida_words_wrong'] ?? 0).toBe(0);
  });

  test('turns were taken, and some interrupted: the model heard of both', () => {
    const { aida_turns: turns = 0, aida_clears: clears = 0, aida_marks_echoed: marks = 0 } = summary.counters;
    expect(turns).toBeGreaterThan(calls);
    expect(clears).toBeGreaterThan(0);
    expect(marks).toBeGreaterThan(turns);
    const { cancelled, truncated, answers } = model.counts();
    expect(cancelled).toBeGreaterThan(0);
    expect(truncated).toBeGreaterThanOrEqual(cancelled);
    expect(answers).toBeGreaterThanOrEqual(turns);
  });

  test('is measured at the ear: nobody waits less than the model takes, frames travel both ways', () => {
    const { trends } = summary;
    expect(trends.aida_first_word?.count).toBe(calls);
    expect(trends.aida_silence?.count).toBeGreaterThan(calls);
    // The silence that ends a turn may leave in one piece after a stall of this process; what the model takes then may not.
    expect(trends.aida_silence?.min).toBeGreaterThanOrEqual(249);
    expect(trends.aida_barge_in?.count).toBeGreaterThan(0);
    expect(trends.aida_dead_air?.count).toBe(calls);
    expect(journeys.toModel.ms.count).toBeGreaterThan(1_000);
    expect(journeys.toCaller.ms.count).toBeGreaterThan(1_000);
    expect(journeys.toCaller.ms.percentile(0.5)).not.toBeNull();
  });
});
