import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AuditEntryEntity } from '../../../entities/audit-entry.ts';
import { callKeys } from '../../directory/keys.ts';
import { connectRedis, type RedisLink } from '../../directory/redis.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { startRedis, type RedisServer } from '../../embedded/redis.ts';
import { Phone } from '../../phone/phone.ts';
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  connectTwiml,
  MEDIA_URL,
  PUBLIC_URL,
  StubNode,
  type StubStream,
} from '../../phone/stub-node.fixture.ts';
import { encodeUtterance, joinBytes, MULAW_TO_PCM, VoiceReader } from '../../sim/voice/index.ts';
import { createLog } from '../../telemetry/log.ts';
import { startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';
import { decodeCodes, encodeCodes, wavFile } from './codes.fixture.ts';

const MICROPHONE_RATE = 48_000;
const LINE_RATE = 8_000;
const FULL_SCALE = 32_768;
const CODES = Array.from({ length: 14 }, () => randomInt(16));
const WORDS = 'Two oat milk lattes, please.';

const samplesOf = (mulaw: Uint8Array): Float32Array =>
  Float32Array.from(mulaw, (byte) => (MULAW_TO_PCM[byte] ?? 0) / FULL_SCALE);

describe.skipIf(await lacksPart('chromium'))('in Chromium', () => {
  const node = new StubNode();
  let redis: RedisServer;
  let link: RedisLink;
  let phone: Phone;
  let console_: TestConsole;
  let browser: TestBrowser;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aida-phone-'));
    const file = join(folder, 'codes.wav');
    await writeFile(file, wavFile(encodeCodes(CODES, MICROPHONE_RATE), MICROPHONE_RATE));
    await node.start();
    redis = await startRedis();
    link = await connectRedis(redis.url);
    phone = new Phone({
      publicUrl: PUBLIC_URL,
      mediaUrl: MEDIA_URL,
      twilio: { accountSid: ACCOUNT_SID, authTokens: [AUTH_TOKEN] },
      streamTokenSecret: 'a-secret-of-streams',
      link,
      speech: {
        speak: ({ text }) =>
          Promise.resolve(Buffer.from(joinBytes(encodeUtterance(text, { utterance: 1, speaker: 'caller' })))),
      },
      storeNumber: () => '+12075550100',
      own: () => node.origin,
      now: Date.now,
      log: createLog('silent'),
      limits: { ringMs: 10, callsPerPersonMax: 8 },
    });
    console_ = await startConsole({ phone, sockets: [phone.socket] });
    browser = await startBrowser(console_, null, [
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${file}`,
    ]);
  });
  afterAll(async () => {
    await browser.close();
    await phone.close();
    await console_.close();
    await link.close();
    await Promise.all([redis.stop(), node.close(), rm(folder, { recursive: true })]);
  });
  beforeEach(() => {
    node.answers['/voice'] = connectTwiml();
    node.answers['/voice/next'] = '<Hangup/>';
    node.streams.length = 0;
  });

  async function callFrom(page: Page): Promise<StubStream> {
    const before = node.streams.length;
    await page.goto('/phone');
    await page.getByLabel('Take noise and echo').uncheck();
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await expect.poll(() => node.streams[before]?.of('media').length ?? 0).toBeGreaterThan(5);
    const stream = node.streams[before];
    if (!stream) throw new Error('no stream');
    return stream;
  }

  /** What the journal of a call would say. */
  async function converse({ callSid }: { callSid: string }): Promise<void> {
    const said = (type: string, itemId: string, text: string) => ({ type, at: 1, itemId, text });
    const facts = [
      said('assistant.said', 'a', 'Mangy Dog Coffee, this is Aida. What can I get started for you today?'),
      { ...said('assistant.heard', 'a', 'Mangy Dog Coffee, this is Aida.'), cut: true },
      said('caller.said', 'b', 'How much is <b>an oat milk latte</b>?'),
      { type: 'tool.asked', at: 2, name: 'get_product_details' },
    ];
    for (const [index, fact] of facts.entries())
      await link.command('xadd', callKeys(callSid).log, `1-${index + 1}`, 'f', JSON.stringify(fact));
  }

  const hangUp = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Hang up' }).click();
    await expect.poll(() => page.locator('#state').textContent()).toBe('You have hung up.');
    await page.context().close();
  };

  test('nobody gets there without signing in, nor opens the line with a ticket of their own making', async () => {
    expect((await console_.get('/phone', null)).status).toBe(401);
    expect((await console_.post('/phone/ticket', {}, null)).status).toBe(401);
    const viewer = await console_.session('viewer');
    expect((await console_.post('/phone/ticket', { csrf: 'wrong' }, viewer)).status).toBe(403);
    const given = await console_.post('/phone/ticket', {}, viewer);
    expect([given.status, Object.keys(JSON.parse(given.text) as object)]).toEqual([200, ['ticket']]);
    const [entry] = await console_.source.getRepository(AuditEntryEntity).findBy({ action: 'phone.called' });
    expect([entry?.whoName, entry?.subject]).toEqual(['viewer', expect.stringMatching(/^CA[0-9a-f]{32}$/)]);
    expect(node.to('/voice')).toEqual([]);
  });

  test('the microphone is heard at the far end, tone for tone, in frames of 20 ms as the carrier sends them', async () => {
    const page = await browser.open('viewer');
    const stream = await callFrom(page);
    // The file is played again and again: somewhere in twice its length it stands whole.
    await expect
      .poll(() => stream.audio().length, { timeout: 20_000 })
      .toBeGreaterThan(LINE_RATE * 0.2 * CODES.length * 2);
    const heard = decodeCodes(samplesOf(stream.audio()), LINE_RATE).join(' ');
    expect(`${CODES.join(' ')} ${CODES.join(' ')}`).toContain(heard.split(' ').slice(0, CODES.length).join(' '));

    expect(stream.messages.slice(0, 2).map(({ event }) => event)).toEqual(['connected', 'start']);
    expect(stream.messages[1]).toMatchObject({
      sequenceNumber: '1',
      start: {
        accountSid: ACCOUNT_SID,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: { token: 't1' },
      },
    });
    const frames = stream.of('media').map(({ sequenceNumber, media }, index) => {
      const { payload, ...place } = media as Record<string, string>;
      expect([sequenceNumber, place]).toEqual([
        String(index + 2),
        { track: 'inbound', chunk: String(index + 1), timestamp: String(index * 20) },
      ]);
      return Buffer.from(payload ?? '', 'base64').length;
    });
    expect(new Set(frames)).toEqual(new Set([160]));
    await hangUp(page);
  });

  test('what is typed arrives bit for bit; keys arrive as keys; hanging up says stop', async () => {
    const page = await browser.open('viewer');
    const stream = await callFrom(page);
    await page.getByRole('button', { name: 'Mute' }).click();
    await page.getByLabel('Say it by typing').fill(WORDS);
    await page.getByLabel('Say it by typing').press('Enter');
    const words = (): string => {
      const reader = new VoiceReader();
      reader.push(stream.audio());
      reader.end();
      return reader.spans.map(({ text, missing, corrupt, partial }) => `${text}/${missing + corrupt + partial}`).join();
    };
    await expect.poll(words).toBe(`${WORDS}/0`);
    await page.getByRole('group', { name: 'Keys' }).getByRole('button', { name: '7' }).click();
    await page.getByRole('button', { name: 'Pound' }).click();
    await expect
      .poll(() => stream.of('dtmf').map(({ dtmf }) => dtmf))
      .toEqual([
        { track: 'inbound_track', digit: '7' },
        { track: 'inbound_track', digit: '#' },
      ]);
    await hangUp(page);
    expect(stream.messages.at(-1)?.['event']).toBe('stop');
    expect(stream.code).not.toBe(1006);
  });

  test('a mark comes back when all before it was played; clear drops the rest and brings all marks at once', async () => {
    const page = await browser.open('viewer');
    const stream = await callFrom(page);
    const frames = (): number => stream.of('media').length;
    const mark = (name: string) => stream.send('mark', { mark: { name } });
    const names = () => stream.of('mark').map((message) => (message['mark'] as { name: string }).name);
    const media = (ms: number) =>
      stream.send('media', { media: { payload: Buffer.alloc(ms * 8, 0x20).toString('base64') } });
    mark('empty');
    await expect.poll(names).toEqual(['empty']);
    const begunAt = frames();
    media(600);
    mark('first');
    media(60_000);
    mark('second');
    await expect.poll(names).toEqual(['empty', 'first']);
    // The caller's own frames are the line's clock: 600 ms are 30 of them.
    const place = stream.messages.findIndex(
      ({ mark: each }) => (each as { name?: string } | undefined)?.name === 'first',
    );
    const before = stream.messages.slice(0, place).filter(({ event }) => event === 'media').length;
    expect(before - begunAt).toBeGreaterThanOrEqual(29);
    expect(before - begunAt).toBeLessThanOrEqual(150);
    await expect
      .poll(() => page.locator('#ear').evaluate((meter: { value: number }) => meter.value))
      .toBeGreaterThan(-30);
    stream.send('clear');
    await expect.poll(names).toEqual(['empty', 'first', 'second']);
    await expect.poll(() => page.locator('#ear').evaluate((meter: { value: number }) => meter.value)).toBe(-60);
    expect(await page.locator('#first-word').textContent()).toMatch(/^\d+\.\d\d s$/);
    stream.socket.end(1000);
    await expect.poll(() => page.locator('#state').textContent()).toBe('Aida has hung up.');
    await page.context().close();
  });

  test('sounds outside a stream play, keys are taken, what a browser cannot do is said', async () => {
    node.sound = new Uint8Array(LINE_RATE * 0.3).fill(0x20);
    node.answers['/voice'] =
      `<Gather action="${PUBLIC_URL}/voice/menu" numDigits="1" timeout="20"><Play>${PUBLIC_URL}/audio/a</Play></Gather>`;
    node.answers['/voice/menu'] = `<Dial><Number>+12075550177</Number></Dial><Hangup/>`;
    const page = await browser.open('viewer');
    await page.goto('/phone');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await expect.poll(() => page.locator('#state').textContent()).toBe('A key is waited for.');
    await expect.poll(() => page.locator('#first-word').textContent()).toMatch(/ s$/);
    await page.getByRole('button', { name: '4' }).click();
    await expect.poll(() => page.locator('#state').textContent()).toBe('Aida has hung up.');
    expect(node.to('/voice/menu').at(-1)).toMatchObject({ Digits: '4' });
    expect(await page.locator('#log').textContent()).toContain('0177 would ring');
    await page.context().close();
  });

  test('without a microphone one can type, and the page says so', async () => {
    const page = await browser.open('viewer');
    await page.addInitScript(
      "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))",
    );
    await callFrom(page);
    expect(await page.locator('#log').textContent()).toContain('The microphone may not be used here.');
    await page.getByLabel('Say it by typing').fill(WORDS);
    await hangUp(page);
  });

  test('a microphone that is given after hanging up is let go of', async () => {
    const page = await browser.open('viewer');
    await page.addInitScript(`
      const given = Promise.withResolvers();
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      window.give = () => given.resolve();
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        window.asked = true;
        await given.promise;
        window.microphone = await open(wanted);
        return window.microphone;
      };
    `);
    await page.goto('/phone');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await expect.poll(() => page.evaluate('window.asked')).toBe(true);
    await page.getByRole('button', { name: 'Hang up' }).click();
    await page.evaluate('give()');
    const tracks = () => page.evaluate('window.microphone?.getTracks().map(({ readyState }) => readyState)');
    await expect.poll(tracks).toEqual(['ended']);
    await page.context().close();
  });

  test('in every look: nothing that axe finds, nothing that sticks out, no complaint, in a call and before', async () => {
    await browser.inspectLooks('viewer', '/phone', 'phone-call', async (page) => {
      const before = node.streams.length;
      await page.getByRole('button', { name: 'Call', exact: true }).click();
      await expect.poll(() => node.streams[before]?.of('media').length ?? 0).toBeGreaterThan(20);
      const stream = node.streams[before];
      stream?.send('media', { media: { payload: Buffer.alloc(8_000, 0x28).toString('base64') } });
      await converse(stream?.of('start')[0]?.['start'] as { callSid: string });
      await page.locator('#turns li').first().waitFor();
      await page.locator('#log .tool').waitFor();
    });
    const page = await browser.open('viewer');
    await page.goto('/phone');
    await browser.inspect(page, 'phone-ready');
    expect(browser.complaints).toEqual([]);
  });
});
