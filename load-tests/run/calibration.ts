import { join } from 'node:path';
import type { TrendName } from '../lib/summary.ts';
import { startChild } from '../bench/child.ts';
import { PUBLIC_HOST, PUBLIC_URL } from '../../src/sim/fleet.ts';
import { turnSilenceMs } from '../../src/model/session-update.ts';
import { modelFirstDeltaMs, modelOpenMs, type Target } from './ground.ts';

const file = join(import.meta.dirname, 'direct.ts');

const answerMs = turnSilenceMs + modelFirstDeltaMs;

/** The fakes listen for the end of a turn, and think, on purpose. */
export const deliberateMs: Partial<Record<TrendName, number>> = {
  aida_first_word: modelOpenMs + modelFirstDeltaMs,
  aida_silence: answerMs,
  aida_dead_air: Math.max(answerMs, modelOpenMs + modelFirstDeltaMs),
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
