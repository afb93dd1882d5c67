import { expect } from 'vitest';
import type { RollingResult } from './rolling.fixture.ts';

/** A pause that nobody hears as one: frames of 20 ms, a few late. */
const GAP_MS_MAX = 100;
const CLOSED_BY_US = 1000;
/** Of all moves: a caller began to speak in the moment between two streams, of which the carrier sends nothing. */
const BEGUN_BETWEEN_SHARE_MAX = 0.2;

/** The model missed the head of what a caller said, and nothing else of it. */
function isBegunBetween(complaint: string): boolean {
  const [, upTo, missing] =
    /audio: caller utterance \d+, up to frame (\d+): (\d+) missing, 0 repeated, 0 out of order, 0 corrupt, 0 cut$/.exec(
      complaint,
    ) ?? [];
  return upTo !== undefined && upTo === missing;
}

/** What must be so after nodes were replaced under calls, whatever the releases. */
export function judgeRolling(result: RollingResult, { calls, rounds }: { calls: number; rounds: number }): void {
  const { talkers } = result;
  expect(talkers.map(({ call }) => [call.status, call.endedBy])).toEqual(talkers.map(() => ['completed', 'service']));
  const heard = talkers.flatMap(({ call }) => call.heard()).filter(({ speaker }) => speaker === 'assistant');
  expect(heard.filter(({ whole, faults }) => !whole || faults > 0)).toEqual([]);
  expect(result.gapsMs.filter((ms) => ms > GAP_MS_MAX)).toEqual([]);
  const moves = talkers.reduce((sum, { call }) => sum + call.streams.length - 1, 0);
  const begunBetween = result.complaints.filter(isBegunBetween);
  expect(result.complaints.filter((complaint) => !isBegunBetween(complaint))).toEqual([]);
  expect(begunBetween.length / moves).toBeLessThan(BEGUN_BETWEEN_SHARE_MAX);
  expect(result.warnings).toEqual([]);
  expect(new Set(result.sessionCodes)).toEqual(new Set([CLOSED_BY_US]));
  // Those of the processes that were replaced: what came after them ended with the test.
  const drains = result.drains.slice(0, result.codes.length);
  expect(drains.map(({ cut }) => cut)).toEqual(result.codes.map(() => 0));
  expect(drains.reduce((sum, { handedOver }) => sum + handedOver, 0)).toBe(moves);
  // Every node was replaced: no call ends where it began.
  expect(talkers.filter(({ call }) => call.streams.length <= rounds)).toEqual([]);
  expect(talkers).toHaveLength(calls);
  process.stdout.write(
    `${calls} calls, ${moves} moves, ${begunBetween.length} of them while a caller began to speak, ` +
      `${talkers.reduce((sum, { said }) => sum + said.length, 0)} sentences, ` +
      `${talkers.reduce((sum, { repeated }) => sum + repeated, 0)} said again, ` +
      `longest pause within a sentence ${Math.round(Math.max(...result.gapsMs))} ms\n`,
  );
}
