import { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { WebSocketClient } from './client.ts';
import { Clients } from './clients.fixture.ts';
import { faults, type FaultCode } from './faults.ts';
import type { RecordingListener } from './listener.fixture.ts';
import { closeFrame, frame, RawServer, type Peer } from './raw-server.fixture.ts';

const clients = new Clients();
let server: RawServer | null = null;

interface Line {
  client: WebSocketClient;
  listener: RecordingListener;
  peer: Peer;
}

/** A socket that is open. */
async function open(options: Parameters<Clients['connect']>[1] = {}): Promise<Line> {
  server = await RawServer.start();
  const { client, listener } = clients.connect(server.url, options);
  await expect.poll(() => listener.isOpen).toBe(true);
  listener.told.length = 0;
  return { client, listener, peer: server.peer };
}

afterEach(async () => {
  clients.cut();
  await server?.close();
  server = null;
});

const ping = (payload: string | Buffer): Buffer => frame(payload, { opcode: 9 });
const pong = frame('', { opcode: 10 });

describe('a socket that is open', () => {
  test('sends and receives, whole and in order', async () => {
    const { client, listener, peer } = await open();
    const texts = ['', 'a', 'grüße ☎ 📞', 'x'.repeat(70_000), '{"type":"end"}'];
    for (const text of texts) client.send(text);
    client.sendAscii(new TextEncoder().encode('..ascii..'), 2, 7);
    peer.socket.write(Buffer.concat(texts.map((text) => frame(text))));
    await expect.poll(() => peer.messages).toEqual([...texts, 'ascii']);
    await expect.poll(() => listener.messages).toEqual(texts);
    expect(peer.fault).toBeNull();
    expect(client.bufferedBytes).toBe(0);
  });

  test('hears a message that arrives in two reads', async () => {
    const { listener, peer } = await open();
    peer.socket.write(Buffer.concat([frame('first'), frame('second').subarray(0, 4)]));
    await expect.poll(() => listener.messages).toEqual(['first']);
    peer.socket.write(frame('second').subarray(4));
    await expect.poll(() => listener.messages).toEqual(['first', 'second']);
  });

  test('answers pings with their payload, in order, also within a message', async () => {
    const { listener, peer } = await open();
    const payloads = ['', 'one', 'p'.repeat(125)];
    peer.socket.write(
      Buffer.concat([frame('mes', { fin: false }), ...payloads.map(ping), frame('sage', { opcode: 0 })]),
    );
    await expect.poll(() => peer.pongs).toEqual(payloads);
    await expect.poll(() => listener.messages).toEqual(['message']);
    expect(peer.fault).toBeNull();
  });

  test('asks for a pong and tells of it', async () => {
    const { client, listener, peer } = await open();
    client.ping();
    await expect.poll(() => peer.pings).toEqual(['']);
    peer.socket.write(pong);
    await expect.poll(() => listener.told).toEqual(['pong']);
  });

  test('does not wait for more to send', async () => {
    const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    const { client, peer } = await open();
    const told = setNoDelay.mock.calls.filter((_args, i) => setNoDelay.mock.contexts[i] !== peer.socket);
    setNoDelay.mockRestore();
    expect(told).toEqual([[true]]);
    expect(client.state).toBe('open');
  });
});

describe('a server that closes', () => {
  test.each([
    [1000, 'bye'],
    [1001, ''],
    [4999, 'ü'.repeat(61)],
  ])('with %i is answered with the same code, and told of', async (code, reason) => {
    const { client, listener, peer } = await open();
    peer.socket.write(Buffer.concat([frame('last words'), closeFrame(code, reason), frame('after')]));
    await expect.poll(() => peer.closed).toEqual({ code, reason: '' });
    await expect.poll(() => listener.told).toEqual([{ close: code, reason }]);
    expect(listener.messages).toEqual(['last words']);
    expect(client.state).toBe('closed');
    await expect.poll(() => peer.ended).toBe(true);
    peer.socket.end();
    await expect.poll(() => peer.gone).toBe(true);
    await expect.poll(() => server?.connections()).toBe(0);
    expect(listener.told).toHaveLength(1);
  });

  test('without a code is answered without one', async () => {
    const { listener, peer } = await open();
    peer.socket.write(frame('', { opcode: 8 }));
    await expect.poll(() => peer.closed).toEqual({ code: 1005, reason: '' });
    expect(listener.told).toEqual([{ close: 1005, reason: '' }]);
  });

  test('and never ends the connection is cut', async () => {
    const { listener, peer } = await open({ closeTimeoutMs: 30 });
    peer.socket.write(closeFrame(1000));
    await expect.poll(() => listener.told).toEqual([{ close: 1000, reason: '' }]);
    const flood = frame('still here');
    await expect.poll(() => peer.socket.destroyed || (peer.socket.write(flood), peer.gone)).toBe(true);
    expect(listener.messages).toEqual([]);
    expect(listener.told).toHaveLength(1);
  });

  test('is sent nothing more', async () => {
    const { client, peer } = await open();
    peer.socket.write(closeFrame(1000));
    await expect.poll(() => peer.closed).not.toBeNull();
    client.send('late');
    client.sendAscii(Buffer.from('late'), 0, 4);
    client.ping();
    client.close(1000);
    await expect.poll(() => peer.ended).toBe(true);
    expect(peer.bytes).toHaveLength(2 + 4 + 2);
  });
});

describe('closing', () => {
  test('tells code and reason, hears what still comes, and is told of the answer', async () => {
    const { client, listener, peer } = await open();
    client.close(3000, 'done ☎');
    client.close(1000);
    client.send('late');
    expect(client.state).toBe('closing');
    await expect.poll(() => peer.closed).toEqual({ code: 3000, reason: 'done ☎' });
    expect(peer.ended).toBe(false);
    peer.socket.write(Buffer.concat([frame('on its way'), ping('?'), closeFrame(3000)]));
    await expect.poll(() => listener.told).toEqual([{ close: 3000, reason: '' }]);
    expect(listener.messages).toEqual(['on its way']);
    await expect.poll(() => peer.ended).toBe(true);
    peer.socket.end();
    await expect.poll(() => server?.connections()).toBe(0);
    expect(peer.messages).toEqual([]);
    expect(peer.pongs).toEqual([]);
    expect(peer.fault).toBeNull();
  });

  test('at the same time as the server', async () => {
    const { client, listener, peer } = await open();
    peer.socket.write(closeFrame(1001));
    client.close(1000);
    await expect.poll(() => listener.told).toEqual([{ close: 1001, reason: '' }]);
    await expect.poll(() => peer.ended).toBe(true);
    expect(peer.closed).toEqual({ code: 1000, reason: '' });
    // One close frame: code, mask and head.
    expect(peer.bytes).toHaveLength(8);
  });

  test('that is not answered in time cuts the connection', async () => {
    const { client, listener, peer } = await open({ closeTimeoutMs: 30 });
    client.close(1000);
    await expect.poll(() => listener.told).toEqual([{ close: 1006, reason: '' }]);
    await expect.poll(() => peer.gone || peer.ended).toBe(true);
    expect(client.state).toBe('closed');
  });

  test('that is answered by the end of the connection', async () => {
    const { client, listener, peer } = await open();
    client.close(1000);
    await expect.poll(() => peer.closed).not.toBeNull();
    peer.socket.end();
    await expect.poll(() => listener.told).toEqual([{ close: 1006, reason: '' }]);
    await expect.poll(() => server?.connections()).toBe(0);
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 2000, 5000])('with %i is refused', async (code) => {
    const { client } = await open();
    expect(() => client.close(code)).toThrow(RangeError);
    expect(client.state).toBe('open');
  });

  test('in the middle of a message', async () => {
    const { client, listener, peer } = await open();
    peer.socket.write(Buffer.concat([frame('one'), frame('two'), frame('three')]));
    listener.onMessage = (bytes) => {
      listener.messages.push(bytes.toString());
      client.terminate();
    };
    await expect.poll(() => peer.gone || peer.ended).toBe(true);
    expect(listener.messages).toEqual(['one']);
    expect(listener.told).toEqual([]);
  });
});

describe('a connection that is lost', () => {
  test('by its end without a close', async () => {
    const { client, listener, peer } = await open();
    peer.socket.end(frame('last'));
    await expect.poll(() => listener.told).toEqual([{ close: 1006, reason: '' }]);
    expect(listener.messages).toEqual(['last']);
    expect(client.state).toBe('closed');
    await expect.poll(() => server?.connections()).toBe(0);
  });

  test('by a reset', async () => {
    const { listener, peer } = await open();
    peer.socket.resetAndDestroy();
    await expect.poll(() => listener.told).toEqual([{ close: 1006, reason: '' }]);
  });

  test('within a frame', async () => {
    const { listener, peer } = await open();
    peer.socket.end(frame('never whole').subarray(0, 5));
    await expect.poll(() => listener.told).toEqual([{ close: 1006, reason: '' }]);
    expect(listener.messages).toEqual([]);
  });

  test('by us, with what was heard and said unread', async () => {
    const { client, listener, peer } = await open();
    peer.socket.write(frame('x'.repeat(100_000)));
    client.send('y'.repeat(100_000));
    client.terminate();
    client.terminate();
    await expect.poll(() => server?.connections()).toBe(0);
    expect(listener.told).toEqual([]);
    expect(client.bufferedBytes).toBe(0);
  });
});

describe('a server that breaks the protocol', () => {
  test.each<[FaultCode, Buffer]>([
    ['reserved_bits', frame('a', { rsv: 4 })],
    ['reserved_opcode', frame('a', { opcode: 3 })],
    ['masked', frame('a', { mask: Buffer.from([1, 2, 3, 4]) })],
    ['control_too_long', ping('p'.repeat(126))],
    ['continuation_unexpected', frame('a', { opcode: 0 })],
    ['close_code_invalid', closeFrame(1005)],
    ['close_reason_invalid', closeFrame(1000, Buffer.from([0xff]))],
    ['text_invalid', frame(Buffer.from([0xc3, 0x28]))],
    ['message_too_long', frame('x'.repeat(2000))],
  ])('%s: it is told why, and the connection is given back', async (code, wrong) => {
    const { client, listener, peer } = await open({ messageBytesMax: 1000 });
    peer.socket.write(Buffer.concat([frame('before'), wrong, frame('after')]));
    await expect.poll(() => peer.closed).toEqual({ code: faults[code].closeCode, reason: '' });
    expect(listener.told).toEqual([{ error: code, why: faults[code].text }]);
    expect(listener.messages).toEqual(['before']);
    expect(client.state).toBe('closed');
    await expect.poll(() => peer.ended).toBe(true);
    peer.socket.end();
    await expect.poll(() => server?.connections()).toBe(0);
    expect(listener.told).toHaveLength(1);
  });

  test('after we began to close is not told a second code', async () => {
    const { client, listener, peer } = await open();
    client.close(1000);
    peer.socket.write(frame('a', { rsv: 4 }));
    await expect.poll(() => listener.error).toBe('reserved_bits');
    await expect.poll(() => peer.ended).toBe(true);
    expect(peer.closed).toEqual({ code: 1000, reason: '' });
    expect(peer.bytes).toHaveLength(8);
  });
});

describe('a server that does not read', () => {
  /** More than the buffers of both systems hold. */
  async function fill({ client }: Line): Promise<number> {
    let sent = 0;
    while (client.bufferedBytes < 500_000) {
      client.send(String(sent++).padStart(50_000, '.'));
      await new Promise(setImmediate);
    }
    return sent;
  }

  test('shows in the bytes that wait; all arrives once it reads', async () => {
    const line = await open();
    line.peer.socket.pause();
    const sent = await fill(line);
    line.peer.socket.resume();
    await expect.poll(() => line.peer.messages.length).toBe(sent);
    expect(line.peer.messages.map((text) => Number(text.replaceAll('.', '')))).toEqual(
      Array.from({ length: sent }, (_, i) => i),
    );
    await expect.poll(() => line.client.bufferedBytes).toBe(0);
  });

  test('but pings all the time is owed one pong, for the last ping', async () => {
    const line = await open();
    line.peer.socket.pause();
    await fill(line);
    const waiting = line.client.bufferedBytes;
    line.peer.socket.write(Buffer.concat(Array.from({ length: 10_000 }, (_, i) => ping(`ping ${i}`))));
    line.peer.socket.write(frame('end'));
    await expect.poll(() => line.listener.messages).toEqual(['end']);
    expect(line.client.bufferedBytes).toBeLessThanOrEqual(waiting);
    line.peer.socket.resume();
    await expect.poll(() => line.peer.pongs).toEqual(['ping 9999']);
    line.peer.socket.write(ping('again'));
    await expect.poll(() => line.peer.pongs).toEqual(['ping 9999', 'again']);
  });

  test('and ends its side: nothing waits for what it will not read', async () => {
    const line = await open();
    line.peer.socket.pause();
    await fill(line);
    line.peer.socket.end();
    await expect.poll(() => line.listener.told).toEqual([{ close: 1006, reason: '' }]);
    expect(line.client.bufferedBytes).toBe(0);
  });

  test('and closes: it is cut when its time is over', async () => {
    const line = await open({ closeTimeoutMs: 30 });
    line.peer.socket.pause();
    await fill(line);
    line.peer.socket.write(closeFrame(1001));
    await expect.poll(() => line.listener.told).toEqual([{ close: 1001, reason: '' }]);
    await expect.poll(() => line.client.bufferedBytes).toBe(0);
  });
});

test('many sockets at once do not hear each other', async () => {
  server = await RawServer.start();
  const { url, peers } = server;
  const lines = Array.from({ length: 50 }, () => clients.connect(url));
  for (const { listener } of lines) await expect.poll(() => listener.isOpen).toBe(true);
  for (const [i, { client }] of lines.entries()) client.send(`name ${i}`);
  for (const peer of peers) await expect.poll(() => peer.messages.length).toBe(1);
  // Each says its name in pieces, all of them at the same time.
  const words = peers.map((peer) => frame(`${peer.messages[0]} `.repeat(200)));
  const pieces = 20;
  for (let i = 0; i < pieces; i++) {
    for (const [nth, peer] of peers.entries()) {
      const word = words[nth] ?? Buffer.alloc(0);
      const at = (part: number): number => Math.floor((word.length * part) / pieces);
      peer.socket.write(word.subarray(at(i), at(i + 1)));
    }
    await new Promise(setImmediate);
  }
  for (const [i, { listener }] of lines.entries())
    await expect.poll(() => listener.messages).toEqual([`name ${i} `.repeat(200)]);
});
