import { join } from 'node:path';
import type { TrendName } from '../lib/summary.ts';
import { startChild } from '../bench/child.ts';
import { PUBLIC_HOST, PUBLIC_URL } from '../../src/sim/fleet.ts';
import { turnSilenceMs } from '../../src/model/session-update.ts';
import { modelFirstDeltaMs, modelOpenMs, modelWayMs, type Target } from './ground.ts';
import type { ScenarioPlan } from './scenario.ts';

const file = join(import.meta.dirname, 'direct.ts');
/** The fakes take it for speech with the second loud frame. */
const onsetMs = 20;

/** What both fakes wait for and think on purpose, ms, with `wayMs` between them and whoever calls them. */
function deliberate(wayMs: number): Partial<Record<TrendName, number>> {
  const thereAndBack = 2 * wayMs;
  const answerMs = turnSilenceMs + modelFirstDeltaMs + thereAndBack;
  // The session is created, configured and asked to speak: the news of each is on its way.
  const greetingMs = modelOpenMs + modelFirstDeltaMs + 2 * thereAndBack + wayMs;
  return {
    aida_first_word: greetingMs,
    aida_silence: answerMs,
    aida_barge_in: onsetMs + thereAndBack,
    aida_dead_air: Math.max(answerMs, greetingMs),
  };
}

export const deliberateMs: Readonly<Record<ScenarioPlan['model'], Partial<Record<TrendName, number>>>> = {
  strict: deliberate(modelWayMs),
  lean: deliberate(0),
};

export interface Direct {
  target: Target;
  pid: number;
  stop(): Promise<void>;
}

/** A caller's way to the model without a node: see `direct.ts`. */
export async function startDirect(modelUrl: string): Promise<Direct> {
  const child = await startChild(file, ['--model', modelUrl, '--public', PUBLIC_URL]);
  const at = [`127.0.0.1:${(child.ready as { port: number }).port}`];
  return {
    target: {
      url: PUBLIC_URL,
      accountSid: `AC${'0'.repeat(32)}`,
      token: 'nobody checks it here',
      hosts: { [PUBLIC_URL]: at, [`wss://${PUBLIC_HOST}`]: at },
    },
    pid: child.pid,
    stop: () => child.stop(),
  };
}
