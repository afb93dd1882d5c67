import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CarrierRest {
  /** TWILIO_API_URL of the nodes. */
  url: string;
  close(): Promise<void>;
}

/**
 * The carrier's REST interface while generators play the callers: it cannot know their calls, so it says of each that is
 * asked about that it goes on, and is busy for all else. A node ends no call on such answers. Of speech it knows nothing (404).
 */
export async function startCarrierRest(): Promise<CarrierRest> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const sid = /\/Calls\/(CA[0-9a-f]{32})\.json$/.exec(request.url ?? '')?.[1];
  if (!request.url?.includes('/Calls')) return void response.writeHead(404).end();
  const known = request.method === 'GET' && sid !== undefined;
  const body = known
    ? { sid, status: 'in-progress', direction: 'inbound', duration: null }
    : { code: 20_429, message: 'Too many requests', status: 429 };
  response.writeHead(known ? 200 : 429, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
