import { expect } from 'vitest';
import type { PipelineReport, PipelineRun } from './pipeline.fixture.ts';

/** What must hold after any faults of the pipeline, with nobody having done anything about them. */
export function expectNothingLost({ calls, turns }: PipelineRun, report: PipelineReport): void {
  expect(report.faults).toEqual({
    'stored, then reset': true,
    'relay killed': true,
    'Kafka away': true,
    'killed between commit and offset': true,
  });
  expect(report.acked).toHaveLength(calls * turns * 2);
  expect(report.rows).toEqual(report.acked);
  expect(report.told).toEqual(report.acked);
  expect(report.events).toEqual(new Map(report.journals));
  expect(report.repeats).toBeGreaterThan(0);
  expect(report).toMatchObject({ lag: 0, outboxEntries: 0, dead: 0 });
}
