import { createServer as createPlain, type Socket } from 'node:net';
import { createServer as createSecure } from 'node:tls';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const textFrame = 0x81;
const length16 = 126;

/**
 * The other end of the sockets that are measured: reads and drops what they say, and says to each of them what the
 * control connection orders: `<bytes> <rounds>\n`. Arguments: key and certificate for TLS, if any.
 */
const [keyFile, certFile] = process.argv.slice(2);
const sockets = new Set<Socket>();

function messageOf(bytes: number): Buffer {
  const head = Buffer.from([textFrame, length16, bytes >> 8, bytes & 255]);
  return Buffer.concat([head, Buffer.alloc(bytes, 'a')]);
}

function accept(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
  socket.once('data', (head: Buffer) => {
    const key = /^sec-websocket-key: *(\S+)/im.exec(head.toString('latin1'))?.[1];
    socket.on('data', () => undefined);
    // One that asks for nothing is a bare one: it is told that it is here.
    if (key === undefined) socket.write('here');
    else {
      const proof = createHash('sha1')
        .update(key + guid)
        .digest('base64');
      const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}`;
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`);
    }
    sockets.add(socket);
  });
}

function obey(control: Socket): void {
  control.on('data', (line: Buffer) => {
    const [bytes = 0, rounds = 0] = line.toString().split(' ').map(Number);
    const message = messageOf(bytes);
    let left = rounds;
    const round = (): void => {
      if (left-- <= 0) return;
      for (const socket of sockets) socket.write(message);
      setImmediate(round);
    };
    round();
  });
}

const server =
  keyFile === undefined || certFile === undefined
    ? createPlain(accept)
    : createSecure({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, accept);
const control = createPlain(obey);
const portOf = (address: ReturnType<typeof control.address>): number =>
  typeof address === 'object' && address !== null ? address.port : 0;
server.listen(0, '127.0.0.1', () => {
  control.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ port: portOf(server.address()), control: portOf(control.address()) })}\n`);
  });
});
process.on('SIGTERM', () => process.exit(0));
