import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createServer } from '../http/server.ts';
import { sign } from '../sim/twilio/signature.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { CALL_SID, PUBLIC_URL, startCarrier, TOKENS, type Carrier } from './carrier.fixture.ts';
import { refuseUpgrade } from './request.ts';

let carrier: Carrier;
beforeEach(async () => {
  carrier = await startCarrier();
});
afterEach(async () => {
  await carrier.close();
});

const PATHS = [
  '/voice',
  '/voice/next',
  '/voice/dial-result',
  '/voice/voicemail',
  '/voice/menu',
  '/voice/fallback',
  '/voice/status',
  '/voice/stream-status',
  '/voice/recording',
];
const form = { 'content-type': 'application/x-www-form-urlencoded' };

async function refused(): Promise<Record<string, number>> {
  const { values } = await carrier.metrics.refusals.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.reason), value]));
}

function untouched(): void {
  expect([carrier.door.asked, carrier.door.told, carrier.admission]).toEqual([[], [], []]);
}

describe('every webhook', () => {
  it('refuses a missing, forged or foreign signature with 403', async () => {
    for (const path of PATHS) {
      expect((await carrier.post(path, {}, { signature: '' })).status).toBe(403);
      expect((await carrier.post(path, {}, { signature: `${'A'.repeat(27)}=` })).status).toBe(403);
      expect((await carrier.post(path, {}, { authToken: 'token-none' })).status).toBe(403);
    }
    untouched();
    expect(await refused()).toEqual({ signature: 3 * PATHS.length });
  });

  it('accepts each token while they rotate, and the query in any spelling that was signed', async () => {
    expect((await carrier.post('/voice', {}, { authToken: 'token-old' })).status).toBe(200);
    for (const target of ['/voice?', '/voice?a=%20b', '/voice?a=+b&&c', '/voice?n=1&n=2'])
      expect((await carrier.post(target)).status).toBe(200);
    expect(
      (await carrier.post('/voice?a=%20b', {}, { signature: sign('token-new', `${PUBLIC_URL}/voice?a=+b`, []) }))
        .status,
    ).toBe(403);
  });

  it('covers every parameter, repeated, empty and unknown ones', async () => {
    const pairs: [string, string][] = [
      ['CallSid', CALL_SID],
      ['X', '2'],
      ['X', '1'],
      ['X', '1'],
      ['Empty', ''],
      ['Größe', 'ü &=+%'],
    ];
    const signature = sign('token-new', `${PUBLIC_URL}/voice`, pairs);
    const send = (body: string) =>
      carrier.raw('/voice', { method: 'POST', headers: { ...form, 'x-twilio-signature': signature }, body });
    const body = new URLSearchParams(pairs).toString();
    expect((await send(body)).status).toBe(200);
    for (const changed of [
      `${body}&Y=1`,
      body.replace('X=1', 'X=3'),
      body.replace('&Empty=', ''),
      body.replace('Empty', 'empty'),
    ]) {
      expect((await send(changed)).status).toBe(403);
    }
  });

  it('refuses a request in which any byte was changed', async () => {
    const params: [string, string][] = [
      ['CallSid', CALL_SID],
      ['From', '+15553334444'],
      ['CallStatus', 'ringing'],
    ];
    const body = new URLSearchParams(params).toString();
    const signature = sign('token-new', `${PUBLIC_URL}/voice`, params);
    expect(
      (await carrier.raw('/voice', { method: 'POST', headers: { ...form, 'x-twilio-signature': signature }, body }))
        .status,
    ).toBe(200);
    const meaning = (text: string): string =>
      [...new URLSearchParams(text)].map(([name, value]) => name + value).join('');
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length - 1), fc.integer({ min: 0x21, max: 0x7e }), async (at, code) => {
        const changed = body.slice(0, at) + String.fromCharCode(code) + body.slice(at + 1);
        fc.pre(meaning(changed) !== meaning(body));
        const { status } = await carrier.raw('/voice', {
          method: 'POST',
          headers: { ...form, 'x-twilio-signature': signature },
          body: changed,
        });
        expect([400, 403]).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect(carrier.door.asked).toHaveLength(1);
  });

  it('says 415 to a signed body that is no form, and 403 where its hash is wrong or absent', async () => {
    const body = JSON.stringify({ CallSid: CALL_SID });
    const send = (target: string, type: string, signedTarget = target) =>
      carrier.raw(target, {
        method: 'POST',
        headers: { 'content-type': type, 'x-twilio-signature': sign('token-new', PUBLIC_URL + signedTarget, []) },
        body,
      });
    const hashed = `/voice?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    expect((await send(hashed, 'application/json')).status).toBe(415);
    expect((await send('/voice', 'text/plain')).status).toBe(415);
    expect((await send('/voice', 'application/json', '/voice/next')).status).toBe(403);
    expect((await send(`/voice?bodySHA256=${'0'.repeat(64)}`, 'application/json')).status).toBe(403);
    untouched();
    expect(await refused()).toEqual({ 'content type': 2, signature: 2 });
  });

  it('refuses what is too large, malformed or without a call', async () => {
    const large = 'a'.repeat(64 * 1024);
    expect((await carrier.post('/voice', { Large: large })).status).toBe(413);
    expect((await carrier.post('/voice', {}, { body: 'CallSid=%ZZ' })).status).toBe(400);
    for (const CallSid of ['', 'CA1', `CA${'g'.repeat(32)}`, `${CALL_SID}0`, `XX${'1'.repeat(32)}`, `${CALL_SID}\n`]) {
      expect((await carrier.post('/voice', { CallSid })).status).toBe(400);
    }
    untouched();
    expect((await carrier.raw('/voice', {})).status).toBe(405);
    expect((await carrier.raw('/voice/none', { method: 'POST' })).status).toBe(404);
    expect((await carrier.post('/voice')).status).toBe(200);
  });
});

describe('the upgrade', () => {
  const metrics = createMetrics();
  const hosts = () => ['voice.example.com', 'node-2.example.com:8443'];

  async function knock(headers: Record<string, string>, target = '/media-stream'): Promise<number> {
    const server = await createServer({
      host: '127.0.0.1',
      port: 0,
      routes: [],
      sockets: ['/media-stream', '/media-stream/'].map((path) => ({
        path,
        settings: { idleTimeoutS: 60, backpressureBytesMax: 1024, messageBytesMax: 1024 },
        upgrade: (request) => {
          const refuse = refuseUpgrade(request, { authTokens: TOKENS, hosts, metrics });
          return refuse ? { refuse } : { accept: {} };
        },
        open: (socket) => socket.end(1000),
        message: () => {},
        close: () => {},
      })),
      log: createLog('silent'),
      metrics,
    });
    const client = new WebSocket(`ws://127.0.0.1:${server.port}${target}`, { headers });
    const refusal = once(client, 'unexpected-response').then(
      ([, response]) => (response as { statusCode: number }).statusCode,
    );
    const status = await Promise.race([refusal, once(client, 'open').then(() => 101)]);
    client.on('error', () => {});
    client.terminate();
    await server.close();
    return status;
  }

  it('is let in when the carrier signed the address in any of its spellings', async () => {
    for (const url of [
      'wss://voice.example.com/media-stream',
      'wss://voice.example.com/media-stream/',
      'wss://voice.example.com:443/media-stream',
      'wss://voice.example.com:443/media-stream/',
    ]) {
      expect(await knock({ host: 'voice.example.com', 'x-twilio-signature': sign('token-old', url) })).toBe(101);
    }
    expect(
      await knock(
        {
          host: 'voice.example.com:443',
          'x-twilio-signature': sign('token-new', 'wss://voice.example.com/media-stream'),
        },
        '/media-stream/',
      ),
    ).toBe(101);
    expect(
      await knock({
        host: 'node-2.example.com:8443',
        'x-twilio-signature': sign('token-new', 'wss://node-2.example.com:8443/media-stream'),
      }),
    ).toBe(101);
  });

  it('is refused with 403 otherwise, before it happens', async () => {
    const genuine = sign('token-new', 'wss://voice.example.com/media-stream');
    for (const headers of [
      { host: 'voice.example.com' },
      { host: 'voice.example.com', 'x-twilio-signature': `B${genuine.slice(1)}` },
      { host: 'voice.example.com', 'x-twilio-signature': sign('token-none', 'wss://voice.example.com/media-stream') },
      { host: 'voice.example.com', 'x-twilio-signature': sign('token-new', 'https://voice.example.com/media-stream') },
      { host: 'evil.example.com', 'x-twilio-signature': sign('token-new', 'wss://evil.example.com/media-stream') },
      { host: 'node-2.example.com:8443', 'x-twilio-signature': genuine },
    ]) {
      expect(await knock(headers)).toBe(403);
    }
    expect(await knock({ host: 'voice.example.com', 'x-twilio-signature': genuine }, '/media-stream?x=1')).toBe(403);
  });
});
