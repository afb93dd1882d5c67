import { once } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { createServer, type Server } from '../http/server.ts';
import { issueToken } from '../placement/token.ts';
import { issueListenToken, listenTokenLifeMs } from '../services/listen-token.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createListen, listenCodes, type ListenDeps } from './listen.ts';
import { TestListener } from './listen.fixture.ts';
import { greeted, long, tellsLong } from './scene.fixture.ts';
import type { TapEar } from './tap.ts';
import { greeting, type MediaWorld } from './world.fixture.ts';

const secret = 'listen-secret';
const log = createLog('silent');
const until = (isSo: () => boolean) => vi.waitUntil(isSo, { timeout: 10_000 });

interface Desk {
  metrics: Metrics;
  listen(token: string | Uint8Array): TestListener;
  ticket(callSid: string, expiresAt?: number): string;
  close(): Promise<void>;
}

async function startDesk(tap: ListenDeps['tap'], limits: ListenDeps['limits'] = {}): Promise<Desk> {
  const metrics = createMetrics();
  const route = createListen({ tap, secret, now: Date.now, log, metrics, limits });
  const sockets = [{ ...route, path: '/listen', upgrade: () => ({ accept: {} }) }];
  const server: Server = await createServer({ host: '127.0.0.1', port: 0, routes: [], sockets, log, metrics });
  const listeners: TestListener[] = [];
  return {
    metrics,
    listen(token) {
      const listener = new TestListener(`ws://127.0.0.1:${server.port}/listen`, token);
      listeners.push(listener);
      return listener;
    },
    ticket: (callSid, expiresAt = Date.now() + listenTokenLifeMs) =>
      issueListenToken({ callSid, by: 'kim', expiresAt }, secret),
    async close() {
      for (const { socket } of listeners) socket.terminate();
      await server.close();
    },
  };
}

async function listening(world: MediaWorld, body: (desk: Desk) => Promise<void>, limits: ListenDeps['limits'] = {}) {
  const desk = await startDesk((callSid, ear) => world.media.tap(callSid, ear), limits);
  try {
    await body(desk);
  } finally {
    await desk.close();
  }
}

async function counted(metrics: Metrics, name: 'listenerFrames' | 'listenersRefused'): Promise<Record<string, number>> {
  const { values } = await metrics[name].get();
  const rows = values.map(({ labels, value }) => [String(Object.values(labels)[0]), value] as const);
  return Object.fromEntries(rows.filter(([, value]) => value > 0));
}

describe('a supervisor who listens', () => {
  greeted('hears both sides, word for word, and the caller notices nothing', {}, async (scene) => {
    await listening(scene, async (desk) => {
      const { sim, call } = scene;
      const listener = desk.listen(desk.ticket(call.callSid));
      await until(() => listener.caller.bytes > 0);
      sim.speak('Do you like the moon?');
      await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
      await until(() => listener.words('assistant').length > 0);
      expect(listener.words('caller')).toEqual(['Do you like the moon?']);
      expect(listener.words('assistant')).toEqual(['You said: Do you like the moon?']);
      expect(listener.caller.spans[0]).toMatchObject({ missing: 0, repeated: 0, outOfOrder: 0, ended: true });
      expect(sim.heard().map(({ text, faults }) => [text, faults])).toEqual([
        [greeting, 0],
        ['You said: Do you like the moon?', 0],
      ]);
    });
  });

  greeted('hears what the caller has yet to hear, and that it is cut off', tellsLong, async (scene) => {
    await listening(scene, async (desk) => {
      const { sim, call } = scene;
      sim.speak('Tell me everything.');
      await sim.waitFor(() => sim.heard().length === 2);
      const listener = desk.listen(desk.ticket(call.callSid));
      await until(() => listener.words('assistant').join('').length > 0);
      // Within the sentence: what was heard before is not told again.
      expect(long).toContain(listener.words('assistant')[0]?.slice(5, 25));
      sim.speak('Stop please.');
      await until(() => listener.events.some(({ event }) => event === 'clear'));
    });
  });

  greeted('is told when the stream ends, and others hear on when one leaves', {}, async (scene) => {
    await listening(scene, async (desk) => {
      const { sim, call } = scene;
      const [one, two] = [desk.listen(desk.ticket(call.callSid)), desk.listen(desk.ticket(call.callSid))];
      await until(() => one.caller.bytes > 0 && two.caller.bytes > 0);
      one.socket.close();
      await one.closed;
      const before = two.caller.bytes;
      await until(() => two.caller.bytes > before);
      sim.hangUp();
      expect(await two.closed).toBe(listenCodes.over);
      const late = desk.listen(desk.ticket(call.callSid));
      expect(await late.closed).toBe(listenCodes.absent);
    });
  });

  greeted('costs a call nothing when nobody does', {}, async ({ sim, call, media }) => {
    const heard: TapEar = { fromCaller: vi.fn(), toCaller: vi.fn(), cleared: vi.fn(), over: vi.fn() };
    media.tap(call.callSid, heard)?.stop();
    sim.speak('Do you like the moon?');
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 2);
    expect(heard.fromCaller).not.toHaveBeenCalled();
    expect(heard.toCaller).not.toHaveBeenCalled();
  });
});

describe('who may listen', () => {
  const ears = new Map<string, TapEar>();
  const tap: ListenDeps['tap'] = (callSid, ear) => {
    if (callSid === 'CAgone') return null;
    ears.set(callSid, ear);
    return { count: ears.size, stop: () => ears.delete(callSid) };
  };
  const desk = (limits: ListenDeps['limits'] = {}) => startDesk(tap, limits);

  test.each<[string, (of: Desk) => string | Uint8Array, keyof typeof listenCodes]>([
    ['an expired token', (of) => of.ticket('CA1', Date.now() - 1), 'expired'],
    [
      'a token that somebody made',
      () => issueListenToken({ callSid: 'CA1', by: 'kim', expiresAt: Date.now() + 9_999 }, 'guess'),
      'forged',
    ],
    ['a token changed for another call', (of) => swapped(of.ticket('CA1'), 'CA1', 'CA2'), 'forged'],
    [
      'a token whose life was made longer',
      (of) => swapped(of.ticket('CA1', 1), '"expiresAt":1', '"expiresAt":9999999999999'),
      'forged',
    ],
    [
      'a token of a stream',
      () => issueToken({ callSid: 'CA1', epoch: 7, expiresAt: Date.now() + 9_999 }, secret),
      'forged',
    ],
    ['another spelling of a token', (of) => `${of.ticket('CA1')}=`, 'forged'],
    ['nothing', () => '', 'forged'],
    ['noise', () => new Uint8Array(300), 'forged'],
    ['a call that is not here', (of) => of.ticket('CAgone'), 'absent'],
  ])('not who shows %s', async (_, token, why) => {
    const of = await desk();
    expect(await of.listen(token(of)).closed).toBe(listenCodes[why]);
    expect(await counted(of.metrics, 'listenersRefused')).toEqual({ [why]: 1 });
    await of.close();
  });

  test('a token opens one socket', async () => {
    const of = await desk();
    const token = of.ticket('CA1');
    of.listen(token);
    await until(() => ears.has('CA1'));
    expect(await of.listen(token).closed).toBe(listenCodes.used);
    await of.close();
    await until(() => ears.size === 0);
  });

  test('nobody without a token for long, nor with one for ever', async () => {
    const of = await desk({ tokenMs: 30, listenMs: 30 });
    const shown = of.listen(of.ticket('CA1'));
    expect(await shown.closed).toBe(listenCodes.renew);
    await until(() => ears.size === 0);
    const silent = of.listen('');
    silent.socket.removeAllListeners('open');
    expect(await silent.closed).toBe(listenCodes.expired);
    await of.close();
  });

  test('so many at once of one call, of all calls, and of those who have shown nothing', async () => {
    const byCall = await desk({ callMax: 1 });
    byCall.listen(byCall.ticket('CA1'));
    await until(() => ears.has('CA1'));
    expect(await byCall.listen(byCall.ticket('CA2')).closed).toBe(listenCodes.full);
    await byCall.close();
    await until(() => ears.size === 0);
    const ofAll = await desk({ allMax: 1 });
    ofAll.listen(ofAll.ticket('CA1'));
    await until(() => ears.has('CA1'));
    expect(await ofAll.listen(ofAll.ticket('CA1')).closed).toBe(listenCodes.full);
    await ofAll.close();
    await until(() => ears.size === 0);
    const strangers = await desk({ strangersMax: 0 });
    expect(await strangers.listen(strangers.ticket('CA1')).closed).toBe(listenCodes.full);
    await strangers.close();
  });

  test('strangers keep nobody out: the first of them goes, and nothing is kept of those who went', async () => {
    const of = await desk({ strangersMax: 1, tokenMs: 60_000 });
    const stranger = async () => {
      const silent = of.listen('');
      silent.socket.removeAllListeners('open');
      await once(silent.socket, 'open');
      return silent;
    };
    const [first, second, third] = [await stranger(), await stranger(), await stranger()];
    expect(await Promise.all([first.closed, second.closed])).toEqual([listenCodes.full, listenCodes.full]);
    of.listen(of.ticket('CA1'));
    await until(() => ears.has('CA1'));
    expect(await third.closed).toBe(listenCodes.full);
    await of.close();
    await until(() => ears.size === 0);
  });

  test('who reads too slowly misses audio, which is not kept for later, and is told how much', async () => {
    const of = await desk({ unreadBytesMax: 4_000 });
    const slow = of.listen(of.ticket('CA1'));
    await until(() => ears.has('CA1'));
    slow.socket.pause();
    const ear = ears.get('CA1');
    const piece = new Uint8Array(16_000);
    for (let sent = 0; sent < 3_000; sent += 1) ear?.toCaller(piece);
    const { sent = 0, dropped = 0 } = await counted(of.metrics, 'listenerFrames');
    expect(sent + dropped).toBe(3_000);
    expect(dropped).toBeGreaterThan(0);
    slow.socket.resume();
    await until(() => slow.assistant.bytes === sent * piece.length);
    ear?.fromCaller(new Uint8Array(160));
    await until(() => slow.caller.bytes === 160);
    expect(slow.events).toEqual([{ event: 'dropped', frames: dropped }]);
    await of.close();
    await until(() => ears.size === 0);
  });
});

/** The token with other words in its readable part, under its own signature. */
function swapped(token: string, from: string, to: string): string {
  const [text = '', mac = ''] = token.split('.');
  return `${Buffer.from(Buffer.from(text, 'base64url').toString().replace(from, to)).toString('base64url')}.${mac}`;
}
