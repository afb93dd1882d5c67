import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startChild, type Child } from '../child.ts';

const file = join(import.meta.dirname, 'bare-splice.ts');
const linesMax = 120;
/** Measurements of different days are comparable only while this file is the same. */
const frozenSha256 = '8ae932aeb10bb5fa1cb6a7e7067b6c9a0937d4e2257f23d95d30aec23d9ee5b0';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** The reference between a caller and a model that are sockets of this test. */
async function between(): Promise<{ caller: WebSocket; model: WebSocket; toModel: string[]; toCaller: string[] }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', skipUTF8Validation: false });
  await once(server, 'listening');
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const { port: modelPort } = server.address() as { port: number };
  const child: Child = await startChild(file, [`ws://127.0.0.1:${modelPort}/v1/realtime`]);
  closers.push(() => child.stop());
  const { port } = child.ready as { port: number };
  const arrived = once(server, 'connection');
  const caller = new WebSocket(`ws://127.0.0.1:${port}/media-stream`, { perMessageDeflate: false });
  const toModel: string[] = [];
  const toCaller: string[] = [];
  caller.on('message', (data: Buffer) => toCaller.push(data.toString()));
  const [model] = (await arrived) as [WebSocket];
  model.on('message', (data: Buffer) => toModel.push(data.toString()));
  closers.push(async () => {
    caller.terminate();
    model.terminate();
  });
  await expect.poll(() => toModel.length).toBe(1);
  return { caller, model, toModel, toCaller };
}

const payload = (seed: number, bytes: number): string =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + seed * 7) & 0xff)).toString('base64');

test('is small, and not one byte of it has changed', async () => {
  const text = await readFile(file, 'utf8');
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(linesMax);
  expect(createHash('sha256').update(text).digest('hex')).toBe(frozenSha256);
});

test('configures the model, and forwards every payload byte for byte in both directions', async () => {
  const { caller, model, toModel, toCaller } = await between();
  const update = JSON.parse(toModel.shift() ?? '') as { type: string; session: { audio: unknown } };
  expect(update.type).toBe('session.update');
  expect(update.session.audio).toMatchObject({
    input: { format: { type: 'audio/pcmu' }, turn_detection: { type: 'server_vad', create_response: true } },
    output: { format: { type: 'audio/pcmu' } },
  });
  caller.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  caller.send('{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1"}}');
  const frames = Array.from({ length: 500 }, (_, i) => payload(i, 160));
  for (const [i, frame] of frames.entries()) {
    const media = `{"track":"inbound","chunk":"${i + 1}","timestamp":"${i * 20}","payload":"${frame}"}`;
    caller.send(`{"event":"media","sequenceNumber":"${i + 2}","streamSid":"MZ1","media":${media}}`);
  }
  await expect.poll(() => toModel.length).toBe(frames.length);
  expect(toModel).toEqual(frames.map((audio) => JSON.stringify({ type: 'input_audio_buffer.append', audio })));

  // Messages of each of the three lengths that a frame can have, and others between them.
  const deltas = [1, 160, 801, 4800, 60_000].map((bytes, i) => payload(i, bytes));
  for (const delta of deltas) {
    model.send('{"type":"response.output_audio_transcript.delta","event_id":"e","delta":"words"}');
    const ids = { event_id: 'e', response_id: 'r', item_id: 'i', output_index: 0, content_index: 0 };
    model.send(JSON.stringify({ type: 'response.output_audio.delta', ...ids, delta }));
  }
  await expect.poll(() => toCaller.length).toBe(deltas.length);
  const expected = deltas.map((audio) =>
    JSON.stringify({ event: 'media', streamSid: 'MZ1', media: { payload: audio } }),
  );
  expect(toCaller).toEqual(expected);
});

test('hangs up on the model with the caller', async () => {
  const { caller, model } = await between();
  const gone = once(model, 'close');
  caller.close();
  await gone;
});
