import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Playout } from './playout.ts';

type Act = { kind: 'push'; bytes: number } | { kind: 'mark' } | { kind: 'clear' } | { kind: 'wait'; ms: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), bytes: fc.integer({ min: 1, max: 4000 }) }),
  fc.record({ kind: fc.constant('mark' as const) }),
  fc.record({ kind: fc.constant('clear' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.double({ min: 0, max: 700, noNaN: true }) }),
);

test('whatever comes when: audio is heard in order at 8 bytes a ms, and no mark before its audio', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      let nowMs = 0;
      let heard = 0;
      let endMs = 0;
      let dropped = 0;
      let clearing = false;
      const playout = new Playout((bytes, atMs) => {
        expect(atMs).toBeGreaterThanOrEqual(endMs - 1e-6);
        heard += bytes.length;
        endMs = atMs + bytes.length / 8;
        expect(endMs).toBeLessThanOrEqual(nowMs + 1e-6);
      });
      const marks: { at: number; reached: number }[] = [];
      for (const next of acts) {
        if (next.kind === 'push') playout.push(new Uint8Array(next.bytes), nowMs);
        if (next.kind === 'wait') nowMs += next.ms;
        if (next.kind === 'clear') {
          clearing = true;
          dropped += playout.clear(nowMs).droppedBytes;
          clearing = false;
        }
        if (next.kind === 'mark') {
          const mark = { at: playout.pushedBytes, reached: 0 };
          marks.push(mark);
          playout.mark(() => {
            mark.reached += 1;
            if (!clearing) expect(heard + dropped).toBe(mark.at);
          }, nowMs);
        }
        playout.advance(nowMs);
        expect(heard + dropped + playout.queuedBytes).toBe(playout.pushedBytes);
      }
      nowMs += 100_000;
      playout.advance(nowMs);
      expect(playout.queuedBytes).toBe(0);
      expect(marks.every((mark) => mark.reached === 1)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
