import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { greeted, inWorld } from './scene.fixture.ts';
import { greeting, startWorld, type MediaWorld, type WorldOptions } from './world.fixture.ts';

async function counted(world: MediaWorld, reason: string): Promise<number> {
  const { values } = await world.metrics.badFrames.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

async function refusals(world: MediaWorld): Promise<Record<string, number>> {
  const { values } = await world.metrics.refusals.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]));
}

/** The stream is over and the carrier asked what is next. */
async function refusedBy(world: MediaWorld): Promise<{ code: number | undefined; facts: string[] }> {
  const sim = world.place();
  await sim.waitFor(() => (sim.streams[0]?.end ?? null) !== null);
  await sim.done;
  const end = sim.streams[0]?.end;
  return { code: end?.by === 'server' ? end.code : undefined, facts: world.calls.flatMap((call) => call.types) };
}

describe('who is let in', () => {
  inWorld(
    'a token of another call is refused, and no session is opened for it',
    { token: () => 'token-CAother' },
    async (world) => {
      expect(await refusedBy(world)).toEqual({ code: 1008, facts: [] });
      expect(await refusals(world)).toEqual({ 'token forged': 1 });
      expect(world.model.sessions).toEqual([]);
    },
  );

  inWorld('a token that was used is refused', { attach: () => Promise.resolve('refused') }, async (world) => {
    expect(await refusedBy(world)).toEqual({ code: 1008, facts: [] });
    expect(await refusals(world)).toEqual({ token_used: 1 });
  });

  inWorld(
    'a call that cannot be claimed now: the carrier asks again',
    { attach: () => Promise.resolve('unavailable') },
    async (world) => {
      expect(await refusedBy(world)).toEqual({ code: 1000, facts: [] });
      expect(await refusals(world)).toEqual({});
    },
  );

  inWorld(
    'a desk that fails ends this stream',
    { attach: () => Promise.reject(new Error('no Redis')) },
    async (world) => {
      expect((await refusedBy(world)).code).toBe(1000);
    },
  );

  const slowDesk: { answer?: () => void; told: object[] } = { told: [] };
  const { told } = slowDesk;
  const slow: WorldOptions = {
    attach: ({ callSid }) =>
      new Promise((resolve) => {
        slowDesk.answer = () =>
          resolve({
            callSid,
            epoch: 1,
            traceId: null,
            language: 'en',
            spoke: () => undefined,
            heardFirst: () => undefined,
            answered: () => undefined,
            begin: () => told.push({ type: 'begun' }),
            tell: (fact) => told.push(fact),
          });
      }),
  };

  inWorld(
    'the caller hangs up while the call is claimed: the call is told that the stream began and stopped',
    slow,
    async ({ place }) => {
      const sim = place();
      await sim.waitFor(() => slowDesk.answer !== undefined);
      sim.hangUp();
      await sim.done;
      slowDesk.answer?.();
      await sim.waitFor(() => told.length === 2);
      expect(told).toEqual([
        { type: 'begun' },
        { type: 'carrier.streamStopped', streamSid: sim.streams[0]?.sid, reason: 'stopped' },
      ]);
    },
  );

  test('a socket that never starts a stream is closed', async () => {
    const world = await startWorld({ media: { now: () => performance.now() * 40 } });
    const socket = new WebSocket(`ws://${world.address}/media-stream`);
    const code = await new Promise((resolve) => socket.once('close', resolve));
    expect(code).toBe(1008);
    expect(await refusals(world)).toEqual({ no_start: 1 });
    await world.close();
    expect(world.media.streams()).toBe(0);
  });
});

describe('bad input', () => {
  greeted('is counted and ignored, the call goes on', {}, async (world) => {
    const { sim, call, model } = world;
    const stream = sim.streams[0];
    const sid = stream?.sid;
    const media = {
      track: 'inbound',
      chunk: '1',
      timestamp: '99999999',
      payload: Buffer.alloc(160, 0x11).toString('base64'),
    };
    const frame = (more: object, of: object = {}) =>
      JSON.stringify({ event: 'media', sequenceNumber: '1', streamSid: sid, media: { ...media, ...more }, ...of });
    const bad: Record<string, (string | Buffer)[]> = {
      not_json: ['nonsense', '{"event":'],
      binary: [Buffer.from([1, 2, 3])],
      unknown_event: ['{"event":"shout"}', '{}', '[]', 'null'],
      stream_sid: [frame({}, { streamSid: 'MZ1' })],
      timestamp: [frame({ timestamp: '-5' }), frame({ timestamp: 7 }), frame({ timestamp: '1e3' })],
      repeated: [frame({ timestamp: '0' }), frame({ timestamp: '20' })],
      payload: [frame({ payload: '!!!!' }), frame({ payload: '' }), frame({ payload: null })],
      track: [frame({ track: 'outbound' }), frame({}, { media: 'x' })],
      order: [
        JSON.stringify({ event: 'connected' }),
        JSON.stringify({ event: 'start', start: { streamSid: sid, callSid: call.callSid } }),
      ],
      shape: [
        JSON.stringify({ event: 'mark', streamSid: sid, mark: {} }),
        JSON.stringify({ event: 'mark', streamSid: sid, mark: { name: 'who' } }),
        JSON.stringify({ event: 'dtmf', streamSid: sid, dtmf: { digit: 'xx' } }),
      ],
    };
    for (const message of Object.values(bad).flat()) stream?.sendRaw(message);
    sim.speak('Do you like the moon?');
    await sim.waitFor(() => call.of('caller.said').length === 1);
    expect(model.sessions[0]?.heard[0]?.text).toBe('Do you like the moon?');
    const counts = await Promise.all(Object.keys(bad).map(async (reason) => [reason, await counted(world, reason)]));
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries(Object.entries(bad).map(([reason, messages]) => [reason, messages.length])),
    );
  });

  greeted('too much of it ends the stream', {}, async (world) => {
    const { sim, call } = world;
    for (let i = 0; i < 251; i++) sim.streams[0]?.sendRaw('nonsense');
    await sim.waitFor(() => call.of('carrier.streamStopped').length === 1);
    expect(call.of('carrier.streamStopped')).toMatchObject([{ reason: 'refused' }]);
    await sim.done;
    expect(sim.streams[0]?.end).toMatchObject({ by: 'server', code: 1008 });
    expect(await refusals(world)).toEqual({ bad_messages: 1 });
  });

  greeted('a message of a size that no carrier sends closes the socket', {}, async ({ sim, call }) => {
    sim.streams[0]?.sendRaw('x'.repeat(70_000));
    await sim.waitFor(() => call.of('carrier.streamStopped').length === 1);
    expect(call.of('carrier.streamStopped')).toMatchObject([{ reason: 'closed' }]);
  });
});

const throws: WorldOptions = {
  react: (fact, call) => {
    if (fact.type === 'carrier.streamStarted') call.port.openModel('greeting', []);
    if (fact.type === 'carrier.dtmf' && fact.digit === '9') throw new Error('a handler throws');
  },
};

inWorld('row 26: a handler that throws ends that call and no other', throws, async (world) => {
  const [first, second] = [await world.dial(), await world.dial()];
  await first.sim.waitFor(() => first.call.of('assistant.fellSilent').length === 1);
  first.sim.press('9');
  await first.sim.done;
  expect(first.call.of('carrier.streamStopped')).toMatchObject([{ reason: 'failed' }]);
  expect(first.sim.streams[0]?.end).toMatchObject({ by: 'server', code: 1000 });
  expect((await world.metrics.faults.get()).values).toMatchObject([{ labels: { place: 'media' }, value: 1 }]);
  await second.sim.waitFor(() => second.call.of('assistant.fellSilent').length === 1);
  expect(second.sim.heardText()).toBe(greeting);
  expect(world.media.streams()).toBe(1);
});
