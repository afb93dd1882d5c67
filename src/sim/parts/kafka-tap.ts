import { connect, createServer, type Socket } from 'node:net';

/** Numbers by which Kafka's protocol names requests. */
export const kafkaRequests = { produce: 0, offsetCommit: 8 } as const;

const API_KEY_AT = 4;

/** True for bytes that begin with a request of this kind: clients write a request at once. */
export const isKafkaRequest = (bytes: Buffer, kind: number): boolean =>
  bytes.length >= API_KEY_AT + 2 && bytes.readInt16BE(API_KEY_AT) === kind;

export interface KafkaTap {
  port: number;
  /** Resolves when a client asks for this next; the request never reaches the broker, and its line is dead. */
  swallow(kind: number): Promise<void>;
  close(): Promise<void>;
}

/** Stands before a broker's listener on 127.0.0.1. */
export async function startKafkaTap(targetPort: number): Promise<KafkaTap> {
  const sockets = new Set<Socket>();
  let wanted: { kind: number; seen(): void } | null = null;
  const server = createServer((client) => {
    const broker = connect(targetPort, '127.0.0.1');
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.on('close', () => broker.destroy());
    broker.on('close', () => client.destroy());
    broker.on('data', (bytes) => void client.write(bytes));
    client.on('data', (bytes) => {
      if (wanted && isKafkaRequest(bytes, wanted.kind)) {
        const { seen } = wanted;
        wanted = null;
        broker.destroy();
        seen();
      } else broker.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    swallow: (kind) => new Promise((seen) => (wanted = { kind, seen })),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
