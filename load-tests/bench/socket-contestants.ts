import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { WebSocket } from 'ws';
import { WebSocketClient } from '../../src/model/web-socket/client.ts';

const limits = { handshakeTimeoutMs: 10_000, closeTimeoutMs: 1_000, messageBytesMax: 16 * 1024 * 1024 };

export interface Line {
  send(bytes: Uint8Array, from: number, to: number): void;
  end(): void;
}

/** Opens a socket; `onBytes` is told how many bytes of messages came. */
export type Contestant = (port: number, isSecure: boolean, onBytes: (bytes: number) => void) => Promise<Line>;

const urlOf = (port: number, isSecure: boolean): URL => new URL(`${isSecure ? 'wss' : 'ws'}://localhost:${port}/`);

export const ours: Contestant = (port, isSecure, onBytes) =>
  new Promise((resolve, reject) => {
    const nothing = (): void => undefined;
    const fail = (why: unknown): void => reject(new Error(String(why)));
    const client = new WebSocketClient(
      { url: urlOf(port, isSecure), headers: {}, ...limits },
      {
        onOpen: () =>
          resolve({
            send: (bytes, from, to) => client.sendAscii(bytes, from, to),
            end: () => client.terminate(),
          }),
        onMessage: (bytes) => onBytes(bytes.length),
        onPong: nothing,
        onRefused: fail,
        onError: fail,
        onClose: nothing,
      },
    );
  });

/** As it was set before there was one of ours. */
export const withWs: Contestant = async (port, isSecure, onBytes) => {
  const socket = new WebSocket(urlOf(port, isSecure), {
    perMessageDeflate: false,
    maxPayload: limits.messageBytesMax,
    skipUTF8Validation: true,
  });
  socket.on('message', (data: Buffer) => onBytes(data.length));
  await once(socket, 'open');
  return {
    send: (bytes, from, to) => socket.send(bytes.subarray(from, to), { binary: false }),
    end: () => socket.terminate(),
  };
};

/** No WebSocket at all: what Node and the system take. */
export const bare: Contestant = async (port, isSecure, onBytes) => {
  const address = { host: 'localhost', port };
  const socket = isSecure ? connectSecure(address) : connectPlain(address);
  socket.setNoDelay(true);
  await once(socket, isSecure ? 'secureConnect' : 'connect');
  socket.write('hello');
  await once(socket, 'data');
  socket.on('data', (data: Buffer) => onBytes(data.length));
  return {
    send: (bytes, from, to) => void socket.write(bytes.slice(from, to)),
    end: () => socket.destroy(),
  };
};
