import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** Between the node and the fake model: passes everything on, and lets a test say more to the node. */
export interface ModelProxy {
  url: string;
  /** Sends this to the node on every session that is open. */
  inject(message: string | Buffer): void;
  close(): Promise<void>;
}

/** `target` is looked up for each session: the fake may start later. */
export async function startModelProxy(target: () => string): Promise<ModelProxy> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (node, request) => {
    const query = new URL(request.url ?? '/', 'ws://127.0.0.1').search;
    const model = new WebSocket(`${target()}${query}`, {
      headers: { Authorization: request.headers.authorization ?? '' },
      perMessageDeflate: false,
    });
    const early: string[] = [];
    node.on('message', (data: Buffer) => {
      if (model.readyState === WebSocket.OPEN) model.send(data.toString());
      else early.push(data.toString());
    });
    model.on('open', () => early.splice(0).forEach((text) => model.send(text)));
    model.on('message', (data: Buffer) => node.send(data.toString()));
    // A session that dies is to die for the node as it died here.
    model.on('close', (code) => (code === 1006 ? node.terminate() : node.close(1000)));
    node.on('close', () => model.close());
    node.on('error', () => undefined);
    model.on('error', () => undefined);
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`,
    inject: (message) => {
      for (const node of server.clients) node.send(message);
    },
    close: async () => {
      for (const node of server.clients) node.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
