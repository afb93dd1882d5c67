import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Callers } from './callers/callers.ts';
import type { CallerOptions } from './callers/caller-options.ts';

const publicUrl = 'https://aida.example.com';

/** Callers of a service at this address. */
export function callersAt(port: number, options: Partial<CallerOptions> = {}): Callers {
  const address = `127.0.0.1:${port}`;
  return new Callers({
    target: {
      publicUrl,
      hosts: { [publicUrl]: address, 'wss://aida.example.com': address },
      accountSid: `AC${'1'.repeat(32)}`,
      authToken: 'secret',
    },
    ...options,
  });
}

export interface BadService {
  port: number;
  close(): Promise<void>;
}

/** A server that answers as it is told, and upgrades or does not. */
export async function badService(
  answer: RequestListener,
  onUpgrade: (socket: Duplex) => void = (socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'),
): Promise<BadService> {
  const server: Server = createServer(answer);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (_request, socket) => onUpgrade(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const connectTwiml =
  `<?xml version="1.0" encoding="UTF-8"?><Response><Connect action="${publicUrl}/voice/next">` +
  `<Stream url="wss://aida.example.com/media-stream"><Parameter name="token" value="t"/></Stream></Connect></Response>`;
export const hangUpTwiml = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>';
export const waitTwiml =
  `<?xml version="1.0" encoding="UTF-8"?><Response><Pause length="1"/>` +
  `<Redirect>${publicUrl}/voice/wait?t=1</Redirect></Response>`;
