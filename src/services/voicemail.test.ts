import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { openDatabase } from './database.ts';
import { recordingAddress } from './recording-fetch.ts';
import { createVoicemails, type VoicemailRecording } from './voicemail.ts';

const accountSid = `AC${'0'.repeat(32)}`;
const recordingSid = `RE${'1'.repeat(32)}`;
const mp3 = Buffer.from([0xff, 0xf3, 0x00, 0x80, 0x7f, 0x00]);

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const audio: Answer = (response) => response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(mp3);
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end('no');

async function carrier() {
  const answers: Answer[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const basic = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    requests.push(`${request.method} ${request.url} ${basic}`);
    (answers.length > 1 ? answers.shift() : answers[0])?.(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    apiUrl,
    answers,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('where a recording may be fetched', () => {
  const account = { accountSid, authTokens: ['secret'], apiUrl: 'https://api.twilio.com' };
  const path = `/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`;

  test('its own URL, with or without extension, gets .mp3', () => {
    for (const end of ['', '.wav', '.mp3', '?x=1', '#y']) {
      expect(recordingAddress(`https://api.twilio.com${path}${end}`, recordingSid, account)?.href).toBe(
        `https://api.twilio.com${path}.mp3`,
      );
    }
  });

  test.each([
    `https://evil.example${path}`,
    `http://api.twilio.com${path}`,
    `https://api.twilio.com:8443${path}`,
    `https://user:pass@api.twilio.com${path}`,
    `https://api.twilio.com.evil.example${path}`,
    `https://api.twilio.com@evil.example${path}`,
    'file:///etc/passwd',
    'http://169.254.169.254/latest',
    `https://api.twilio.com${path}/../../../../secrets`,
    `https://api.twilio.com${path.replace(accountSid, `AC${'9'.repeat(32)}`)}`,
    `https://api.twilio.com${path.replace(recordingSid, `RE${'9'.repeat(32)}`)}`,
    `https://api.twilio.com${path}%2e%2e`,
    '',
    'not a url',
  ])('refused: %s', (url) => {
    expect(recordingAddress(url, recordingSid, account)).toBeNull();
  });

  test('refused: a recording id that is none', () => {
    expect(
      recordingAddress(`https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/x`, 'x', account),
    ).toBeNull();
  });
});

await onBothDatabases((database) => {
  let twilio: Awaited<ReturnType<typeof carrier>>;
  let waits: number[];
  let logged: string[];

  beforeEach(async () => {
    twilio = await carrier();
    waits = [];
    logged = [];
    await database.source.getRepository(VoicemailEntity).clear();
  });
  afterEach(() => twilio.close());

  const log = (() => {
    const note = (_: unknown, message: string) => void logged.push(message);
    return { warn: note, error: note } as never;
  })();
  const voicemails = (authTokens = ['secret'], source = database.source) =>
    createVoicemails(source, {
      account: { accountSid, authTokens, apiUrl: twilio.apiUrl },
      log,
      sleep: (ms) => Promise.resolve(waits.push(ms)),
    });
  const recording = (more: Partial<VoicemailRecording> = {}): VoicemailRecording => ({
    recordingSid,
    recordingUrl: `${twilio.apiUrl}/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`,
    durationS: 12,
    status: 'completed',
    callSid: 'CA1',
    fromNumber: '+12075550100',
    topic: 'wedding cake',
    ...more,
  });
  const row = () =>
    database.source
      .getRepository(VoicemailEntity)
      .createQueryBuilder('voicemail')
      .addSelect('voicemail.audio')
      .getOne();

  test('the audio is fetched with Basic authentication into one row', async () => {
    twilio.answers.push(audio);
    expect(await voicemails().save(recording())).toBe('saved');
    expect(twilio.requests).toEqual([
      `GET /2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}.mp3 ${accountSid}:secret`,
    ]);
    expect(await row()).toMatchObject({
      recordingSid,
      callSid: 'CA1',
      fromNumber: '+12075550100',
      topic: 'wedding cake',
      durationS: 12,
      contentType: 'audio/mpeg',
      status: 'new',
    });
    expect((await row())?.audio?.equals(mp3)).toBe(true);
  });

  test('asked again, at once or later, it is neither fetched nor written twice', async () => {
    twilio.answers.push(audio);
    const { save } = voicemails();
    expect(await save(recording())).toBe('saved');
    expect(await Promise.all([save(recording()), save(recording({ topic: 'other' }))])).toEqual(['saved', 'saved']);
    expect(twilio.requests).toHaveLength(1);
    await database.source.getRepository(VoicemailEntity).update({ recordingSid }, { status: 'heard' });
    expect(await save(recording())).toBe('saved');
    expect(await row()).toMatchObject({ topic: 'wedding cake', status: 'heard' });
  });

  test('two at the same time leave one row', async () => {
    twilio.answers.push(audio);
    expect(await Promise.all([voicemails().save(recording()), voicemails().save(recording())])).toEqual([
      'saved',
      'saved',
    ]);
    expect(await database.source.getRepository(VoicemailEntity).countBy({ status: 'new' })).toBe(1);
  });

  test('not processed yet: asked again after growing waits', async () => {
    twilio.answers.push(status(404), status(503), audio);
    expect(await voicemails().save(recording())).toBe('saved');
    expect(waits).toEqual([500, 1_500]);
  });

  test('still not processed: later, the row is there and the next asking fills it', async () => {
    twilio.answers.push(status(404));
    const { save } = voicemails();
    expect(await save(recording())).toBe('later');
    expect(waits).toEqual([500, 1_500, 4_000]);
    expect(await row()).toMatchObject({ status: 'pending', audio: null });
    twilio.answers.splice(0, 1, audio);
    expect(await save(recording())).toBe('saved');
    expect(await row()).toMatchObject({ status: 'new', contentType: 'audio/mpeg' });
  });

  test('each token is tried while they rotate; if none fits it stays for later, without waiting', async () => {
    const needs: Answer = (response, request) =>
      request.headers.authorization === `Basic ${Buffer.from(`${accountSid}:new`).toString('base64')}`
        ? audio(response, request)
        : status(401)(response, request);
    twilio.answers.push(needs);
    expect(await voicemails(['old']).save(recording())).toBe('later');
    expect([waits, logged]).toEqual([[], ['recording not fetched']]);
    expect(await voicemails(['old', 'new']).save(recording())).toBe('saved');
  });

  test('credentials follow no redirect', async () => {
    const other = await carrier();
    other.answers.push(audio);
    twilio.answers.push(status(302, { location: `${other.apiUrl}/x.mp3` }));
    expect(await voicemails().save(recording())).toBe('later');
    expect(other.requests).toEqual([]);
    await other.close();
  });

  test.each([
    ['gone', status(410)],
    [
      'not audio',
      (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<script>'),
    ],
    ['empty', (response: ServerResponse) => response.writeHead(200, { 'content-type': 'audio/mpeg' }).end()],
    [
      'said to be too large',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': '8388609' }).flushHeaders(),
    ],
    [
      'too large',
      (response: ServerResponse) =>
        response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(Buffer.alloc(8 * 1024 * 1024 + 1)),
    ],
  ])('%s: lost, and not asked for again', async (_, answer: Answer) => {
    twilio.answers.push(answer);
    const { save } = voicemails();
    expect(await save(recording())).toBe('lost');
    expect(await save(recording())).toBe('lost');
    expect(twilio.requests).toHaveLength(1);
    expect(await row()).toMatchObject({ status: 'lost', audio: null });
  });

  test('a line that breaks in the middle is tried again', async () => {
    twilio.answers.push((response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': '100' });
      response.write(mp3, () => response.destroy());
    }, audio);
    expect(await voicemails().save(recording())).toBe('saved');
    expect((await row())?.audio?.equals(mp3)).toBe(true);
  });

  test('the carrier says that it is absent: lost, nothing is fetched', async () => {
    expect(await voicemails().save(recording({ status: 'absent', durationS: 0 }))).toBe('lost');
    expect(twilio.requests).toEqual([]);
  });

  test('another host, account or recording: refused, nothing is fetched or stored', async () => {
    expect(await voicemails().save(recording({ recordingUrl: 'http://169.254.169.254/latest/meta-data' }))).toBe(
      'refused',
    );
    expect([twilio.requests, await row(), logged]).toEqual([[], null, ['recording refused: not of this account']]);
  });

  test('carrier or database away: later', async () => {
    const away = recording();
    await twilio.close();
    expect(await voicemails().save(away)).toBe('later');
    const source = await openDatabase(database.url, { poolMax: 1 });
    await source.destroy();
    expect(await voicemails(['secret'], source).save(away)).toBe('later');
    expect(logged).toEqual(['voicemail not stored']);
  });
});
