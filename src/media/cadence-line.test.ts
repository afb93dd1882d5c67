import { expect } from 'vitest';
import { greeted } from './scene.fixture.ts';

const frameS = 0.02;

greeted('on the line: together in a pause, one by one in speech, and every word arrives', {}, async (world) => {
  const { sim, call, model, metrics } = world;
  const { appends, appendedSeconds, onsets, frames } = metrics;
  await sim.waitFor(() => appends.batch.total >= 5);
  const before = appends.frame.total;
  sim.speak('Do you like the moon?');
  await sim.waitFor(() => call.of('caller.said').length === 1);
  expect(model.sessions[0]?.heard.map(({ text }) => text)).toEqual(['Do you like the moon?']);
  // The sentence and the silence after it.
  const spokenS = (appends.frame.total - before) * frameS;
  expect(spokenS).toBeGreaterThan(0.6 + 0.5);
  expect([onsets.gate.total, onsets.model.total]).toEqual([1, 0]);
  const { batch, flush, frame, kept } = appendedSeconds;
  expect(batch.total / appends.batch.total).toBeCloseTo(0.1);
  const appendedS = batch.total + flush.total + frame.total + kept.total;
  expect(Math.abs(appendedS - frames.from_caller.total * frameS)).toBeLessThan(0.1);
});

greeted('switched off, each frame goes by itself', { media: { cadence: '20ms' } }, async ({ sim, metrics }) => {
  const { appends, onsets } = metrics;
  const before = appends.frame.total;
  await sim.waitFor(() => appends.frame.total >= before + 100);
  expect([appends.batch.total, appends.flush.total]).toEqual([0, 0]);
  expect(Object.values(onsets).map(({ total }) => total)).toEqual([0, 0, 0]);
});
