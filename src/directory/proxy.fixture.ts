import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy before Redis that can lose what comes back, or everything. */
export interface Proxy {
  url: string;
  /** Replies vanish from now on, requests go through. */
  loseReplies(lose: boolean): void;
  /** Nothing goes through either way, and no connection is refused: a half-open line. */
  freeze(frozen: boolean): void;
  /** Breaks all connections. */
  cut(): void;
  close(): Promise<void>;
}

export async function startProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let losing = false;
  let frozen = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((near) => {
    const far = keep(connect(targetPort, '127.0.0.1'));
    keep(near)
      .on('data', (data) => !frozen && far.write(data))
      .on('close', () => far.destroy());
    far.on('data', (data) => !frozen && !losing && near.write(data)).on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: `redis://127.0.0.1:${port}`,
    loseReplies: (lose) => (losing = lose),
    freeze: (still) => (frozen = still),
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
