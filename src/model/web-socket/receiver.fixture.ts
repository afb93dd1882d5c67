import type { Writable } from 'node:stream';
import * as ws from 'ws';

interface ReceiverEvents {
  message: [data: Buffer, isBinary: boolean];
  ping: [data: Buffer];
  pong: [data: Buffer];
  conclude: [code: number, reason: Buffer];
  error: [error: Error];
}

/** The frame reader of `ws`, which exports it without a type. */
interface WsReceiver extends Omit<Writable, 'on'> {
  on<E extends keyof ReceiverEvents>(event: E, listener: (...args: ReceiverEvents[E]) => void): this;
}

export const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload?: number }) => WsReceiver;
};
