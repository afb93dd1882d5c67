import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { probe } from './probe.ts';

let server: Server | null = null;
afterEach(() => void server?.close());

/** A node that says so of itself. */
async function listen(status: number, headers: Record<string, string>): Promise<string> {
  const listening = createServer((_request, response) => void response.writeHead(status, headers).end());
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

test.each([
  ['the process asked for', 200, { 'x-incarnation': 'i1' }, true],
  ['another process at its address', 200, { 'x-incarnation': 'i2' }, false],
  ['a node that does not say who it is', 200, {}, true],
  ['a server that is no node', 404, {}, false],
])('%s answers', async (_who, status, headers, lives) => {
  const nodeUrl = await listen(status, headers);
  expect(await probe({ nodeUrl, incarnation: 'i1' }, 1_000)).toBe(lives);
});

test('nobody answers where nobody listens, or no address is known', async () => {
  expect(await probe({ nodeUrl: 'http://127.0.0.1:1', incarnation: 'i1' }, 1_000)).toBe(false);
  expect(await probe({ nodeUrl: '', incarnation: 'i1' }, 1_000)).toBe(false);
});
