/** One question to a node's `/healthz`: true if the process answered that it lives within `timeoutMs`. Never rejects. */
export async function probe(nodeUrl: string, timeoutMs: number): Promise<boolean> {
  if (nodeUrl === '') return false;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(new URL('/healthz', nodeUrl), { signal, redirect: 'error' });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
