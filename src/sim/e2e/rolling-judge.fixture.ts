import { expect } from 'vitest';
import type { RollingResult } from './rolling.fixture.ts';

/** A pause that nobody hears as one: frames of 20 ms, a few late. */
const GAP_MS_MAX = 100;
const CLOSED_BY_US = 1000;

/** What must be so after nodes were replaced under calls, whatever the releases. */
export function judgeRolling(result: RollingResult, { calls, rounds }: { calls: number; rounds: number }): void {
  const { talkers } = result;
  expect(talkers.map(({ call }) => [call.status, call.endedBy])).toEqual(talkers.map(() => ['completed', 'service']));
  const heard = talkers.flatMap(({ call }) => call.heard()).filter(({ speaker }) => speaker === 'assistant');
  expect(heard.filter(({ whole, faults }) => !whole || faults > 0)).toEqual([]);
  expect(result.gapsMs.filter((ms) => ms > GAP_MS_MAX)).toEqual([]);
  expect(result.complaints).toEqual([]);
  expect(result.warnings).toEqual([]);
  expect(new Set(result.sessionCodes)).toEqual(new Set([CLOSED_BY_US]));
  expect(result.drains.map(({ cut }) => cut)).toEqual(result.drains.map(() => 0));
  // Every node was replaced: no call ends where it began.
  expect(talkers.filter(({ call }) => call.streams.length <= rounds)).toEqual([]);
  expect(talkers).toHaveLength(calls);
  process.stdout.write(
    `${calls} calls, ${talkers.reduce((sum, { call }) => sum + call.streams.length - 1, 0)} moves, ` +
      `${talkers.reduce((sum, { said }) => sum + said.length, 0)} sentences, ` +
      `${talkers.reduce((sum, { repeated }) => sum + repeated, 0)} said again, ` +
      `longest pause within a sentence ${Math.round(Math.max(...result.gapsMs))} ms\n`,
  );
}
