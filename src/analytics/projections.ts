import type { Projector, Transactions } from './call-log.ts';
import type { ErasureGate } from '../privacy/erasure-gate.ts';
import { figures } from './figures.ts';
import { createProjector, type Projection } from './projection.ts';
import { epochs, toolRuns } from './tool-runs.ts';
import { transcripts } from './transcript.ts';
import { turns } from './turns.ts';
import { understandings } from './understandings.ts';

/** What is kept of conversations, in this order: later ones may read what earlier ones have written. */
export const projections: readonly Projection[] = [turns, toolRuns, epochs, transcripts, understandings, figures];

/**
 * Keeps turns, tool runs and epochs, and once a call is over its transcript and what the caller wanted; facts that come
 * later amend them. It folds the call's row as well, for it may be ahead of who keeps that.
 */
export function createConversationProjector(
  dataSource: Transactions,
  now: () => number,
  gate?: ErasureGate,
): Projector {
  return createProjector(dataSource, projections, now, gate);
}
