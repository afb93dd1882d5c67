import { expect } from 'vitest';
import type { SimCall } from '../../twilio/index.ts';
import type { History } from '../history.ts';
import type { Experience } from '../patron.ts';
import { type Scene, startScene } from '../scene.ts';
import { questionOf } from '../stories.ts';
import { judgeScene } from './regular.fixture.ts';

export interface Burst {
  callers: number;
  nodes: number;
  /** Of one node; the room of one is kept. */
  callsMax: number;
  /** A caller waits so long at most. */
  waitMs: number;
}

/** Everybody calls within a second, asks one thing when it is their turn, and hangs up. */
export async function burst({ callers, nodes, callsMax, waitMs }: Burst): Promise<void> {
  const scene = await startScene({ nodes, env: { CALLS_MAX: String(callsMax) } });
  try {
    const admitted = (nodes - 1) * callsMax;
    const those = await callAtOnce(scene, callers, waitMs);
    const history = await judgeScene(scene);
    expect(those.map(({ lost, isDegraded }) => [lost, isDegraded])).toEqual(those.map(() => [null, false]));
    const calls = those.map(({ call }) => call);
    const waited = calls.filter((call) => ticketOf(call) !== null);
    expect(waited.length).toBe(callers - admitted);
    expect(overtaken(waited, admitted)).toEqual([]);
    expect(peakLoad(history)).toBe(admitted);
  } finally {
    await scene.stop();
  }
}

async function callAtOnce(scene: Scene, callers: number, waitMs: number): Promise<Experience[]> {
  const gapMs = 1_000 / callers;
  return Promise.all(
    Array.from({ length: callers }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * gapMs));
      const from = `+1208${String(7_000_000 + index)}`;
      return scene.call(from, async (patron) => {
        await patron.greeted(waitMs);
        await patron.ask(questionOf(3));
      }).over;
    }),
  );
}

/** A caller's place in the line: what the waiting room's address says. Null for one who never waited. */
function ticketOf(call: SimCall): string | null {
  const url = call.webhooks.find(({ url: asked }) => asked.includes('/voice/wait'))?.url;
  return url === undefined ? null : new URL(url).searchParams.get('t');
}

/** Callers who were answered while more earlier ones still waited than there are places: newcomers that overtook. */
function overtaken(waited: readonly SimCall[], places: number): string[] {
  const inLine = waited.toSorted((a, b) => ((ticketOf(a) ?? '') < (ticketOf(b) ?? '') ? -1 : 1));
  const answeredMs = inLine.map(({ leg, streams }) => leg.originMs + (streams[0]?.startedMs ?? Infinity));
  return inLine.flatMap((call, place) => {
    const before = answeredMs.slice(0, place).filter((atMs) => atMs > (answeredMs[place] ?? 0)).length;
    return before > places ? [`${call.sid} at place ${place} was answered before ${before} earlier ones`] : [];
  });
}

const peakLoad = ({ placements }: History): number =>
  Math.max(...placements.map(({ nodes }) => nodes.reduce((sum, { load }) => sum + load, 0)));
