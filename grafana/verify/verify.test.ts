import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { type Ground, startGround } from './ground.ts';
import { short } from './plan.ts';
import { type Verdict, verify } from './verify.ts';

const said: string[] = [];
const say = (line: string): void => void said.push(line);

describe.skipIf(await lacksPart('prometheus'))(
  'a promotion of half a minute, with a slow model and a node that is killed',
  () => {
    let ground: Ground;
    let verdict: Verdict;
    beforeAll(async () => {
      ground = await startGround(short, say);
      verdict = await verify(ground, short, say);
    });
    afterAll(() => ground.stop());

    test('every panel has data, of its own kind of source', () => {
      expect(verdict.empty).toEqual([]);
      expect(verdict.asked.filter(({ isRun }) => isRun).length).toBeGreaterThan(150);
      expect(verdict.asked.filter(({ isRun }) => !isRun).length).toBeGreaterThan(0);
    });

    test('exactly the alerts fire that were listed beforehand', () => {
      const { silent, unexpected } = verdict;
      expect({ silent, unexpected }, said.join('\n')).toEqual({ silent: [], unexpected: [] });
    });

    test('every rule can be evaluated, and every summary says its figure', () => {
      const { brokenRules, brokenSummaries } = verdict;
      expect({ brokenRules, brokenSummaries }).toEqual({ brokenRules: [], brokenSummaries: [] });
    });

    test('from the slowest answer its exemplar leads to the trace, to the call and to its journal', () => {
      expect(verdict.trail).toEqual({
        seconds: expect.any(Number),
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        callSid: expect.stringMatching(/^CA[0-9a-f]{32}$/),
        facts: expect.any(Number),
      });
    });
  },
);
