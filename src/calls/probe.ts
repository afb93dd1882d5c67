import type { NodeAddresses } from '../directory/fleet.ts';

export type ProbedNode = Pick<NodeAddresses, 'nodeUrl' | 'incarnation'>;

/**
 * One question to a node's `/healthz`: true if this very process answered that it lives within `timeoutMs`. Another one
 * may have its address by now, or the asker itself where NODE_URL says what only its own machine knows. Never rejects.
 */
export async function probe({ nodeUrl, incarnation }: ProbedNode, timeoutMs: number): Promise<boolean> {
  if (nodeUrl === '') return false;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(new URL('/healthz', nodeUrl), { signal, redirect: 'error' });
    await response.body?.cancel();
    // A node of an older release does not say who it is.
    return response.ok && (response.headers.get('x-incarnation') ?? incarnation) === incarnation;
  } catch {
    return false;
  }
}
