import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallRecordingEntity } from '../../entities/call-recording.ts';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import {
  accountSid,
  audio,
  carrierServer,
  recordingSid,
  sound,
  status,
  type Answer,
} from './carrier-server.fixture.ts';
import { openDatabase } from './database.ts';
import { isOurRecording } from './recording-fetch.ts';
import type { RecordingStore } from './recording-store.ts';
import { createRecordings, type RecordingNews } from './recordings.ts';

const DAY_MS = 86_400_000;
const signal = AbortSignal.timeout(60_000);

describe('which recording is ours', () => {
  const account = { accountSid, authTokens: ['secret'], apiUrl: 'https://api.twilio.com' };
  const path = `/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`;

  test('its own URL, with or without extension', () => {
    for (const end of ['', '.wav', '.mp3', '?x=1', '#y'])
      expect(isOurRecording(`https://api.twilio.com${path}${end}`, recordingSid, account)).toBe(true);
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
    expect(isOurRecording(url, recordingSid, account)).toBe(false);
  });

  test('refused: a recording id that is none', () => {
    const url = `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/x`;
    expect(isOurRecording(url, 'x', account)).toBe(false);
  });
});

await onBothDatabases((database) => {
  let twilio: Awaited<ReturnType<typeof carrierServer>>;
  let logged: string[];

  beforeEach(async () => {
    twilio = await carrierServer();
    logged = [];
    await database.source.getRepository(VoicemailEntity).clear();
    await database.source.getRepository(CallRecordingEntity).clear();
  });
  afterEach(() => twilio.close());

  const note = (_: unknown, message: string) => void logged.push(message);
  const log = { warn: note, error: note } as never;
  const recordings = (authTokens = ['secret'], source = database.source, store: RecordingStore | null = null) =>
    createRecordings(source, { account: { accountSid, authTokens, apiUrl: twilio.apiUrl }, store, log });
  const news = (more: Partial<RecordingNews> = {}): RecordingNews => ({
    of: 'voicemail',
    recordingSid,
    recordingUrl: `${twilio.apiUrl}/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`,
    durationS: 12,
    status: 'completed',
    callSid: 'CA1',
    fromNumber: '+12075550100',
    topic: 'wedding cake',
    declined: false,
    ...more,
  });
  const row = () => database.source.getRepository(VoicemailEntity).findOneBy({ recordingSid });
  const asked = (method: string, end: string) =>
    `${method} /2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}.${end} ${accountSid}:secret`;

  test('the audio of a message is fetched with Basic authentication into its row', async () => {
    twilio.answers.push(audio);
    const { enter, keep, audio: kept } = recordings();
    expect(await enter(news())).toBe('entered');
    expect(await keep('voicemail', recordingSid, signal)).toBe('kept');
    expect(twilio.requests).toEqual([asked('GET', 'wav')]);
    expect(await row()).toMatchObject({
      recordingSid,
      callSid: 'CA1',
      fromNumber: '+12075550100',
      topic: 'wedding cake',
      durationS: 12,
      contentType: 'audio/x-wav',
      location: null,
      status: 'new',
    });
    expect(await kept('voicemail', recordingSid, signal)).toEqual({ audio: sound, contentType: 'audio/x-wav' });
  });

  test('what was deleted or given up is heard by nobody, though its sound is there until a job takes it', async () => {
    twilio.answers.push(audio);
    const { enter, keep, giveUp, audio: kept } = recordings();
    await enter(news());
    await keep('voicemail', recordingSid, signal);
    await giveUp('voicemail', recordingSid);
    expect(await kept('voicemail', recordingSid, signal)).toBeNull();
  });

  test('asked again, at once or later, it is neither fetched nor written twice', async () => {
    twilio.answers.push(audio);
    const { enter, keep } = recordings();
    expect(await Promise.all([enter(news()), enter(news({ topic: 'other' }))])).toEqual(['entered', 'entered']);
    expect(await keep('voicemail', recordingSid, signal)).toBe('kept');
    expect(await keep('voicemail', recordingSid, signal)).toBe('kept');
    expect(twilio.requests).toHaveLength(1);
    await database.source.getRepository(VoicemailEntity).update({ recordingSid }, { status: 'heard' });
    expect(await enter(news())).toBe('over');
    expect(await row()).toMatchObject({ status: 'heard' });
    expect(await keep('voicemail', `RE${'2'.repeat(32)}`, signal)).toBe('none');
  });

  test('not processed yet, or a carrier with trouble: the row waits', async () => {
    twilio.answers.push(status(404), status(503), audio);
    const { enter, keep } = recordings();
    await enter(news());
    expect(await keep('voicemail', recordingSid, signal)).toBe('notYet');
    expect(await keep('voicemail', recordingSid, signal)).toBe('notYet');
    expect(await row()).toMatchObject({ status: 'pending' });
    expect(await keep('voicemail', recordingSid, signal)).toBe('kept');
  });

  test('each token is tried while they rotate', async () => {
    const needs: Answer = (response, request) =>
      request.headers.authorization === `Basic ${Buffer.from(`${accountSid}:new`).toString('base64')}`
        ? audio(response, request)
        : status(401)(response, request);
    twilio.answers.push(needs);
    await recordings().enter(news());
    expect(await recordings(['old']).keep('voicemail', recordingSid, signal)).toBe('denied');
    expect(await recordings(['old', 'new']).keep('voicemail', recordingSid, signal)).toBe('kept');
  });

  test('credentials follow no redirect', async () => {
    const other = await carrierServer();
    other.answers.push(audio);
    twilio.answers.push(status(302, { location: `${other.apiUrl}/x.wav` }));
    await recordings().enter(news());
    expect(await recordings().keep('voicemail', recordingSid, signal)).toBe('denied');
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
    const { enter, keep } = recordings();
    await enter(news());
    expect(await keep('voicemail', recordingSid, signal)).toBe('lost');
    expect(await keep('voicemail', recordingSid, signal)).toBe('lost');
    expect([twilio.requests.length, logged]).toEqual([1, ['recording not to be had']]);
    expect(await row()).toMatchObject({ status: 'lost' });
  });

  test('a line that breaks in the middle is tried again', async () => {
    twilio.answers.push((response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': '100' });
      response.write(sound, () => response.destroy());
    }, audio);
    const { enter, keep } = recordings();
    await enter(news());
    expect(await keep('voicemail', recordingSid, signal)).toBe('notYet');
    expect(await keep('voicemail', recordingSid, signal)).toBe('kept');
  });

  test('the carrier says that it is absent: lost, nothing is fetched', async () => {
    expect(await recordings().enter(news({ status: 'absent', durationS: 0 }))).toBe('over');
    expect([twilio.requests, (await row())?.status]).toEqual([[], 'lost']);
  });

  test('another host, account or recording: refused, nothing is stored', async () => {
    const recordingUrl = 'http://169.254.169.254/latest/meta-data';
    expect(await recordings().enter(news({ recordingUrl }))).toBe('refused');
    expect([await row(), logged]).toEqual([null, ['recording refused: not of this account']]);
  });

  test('the database away: rejected', async () => {
    const source = await openDatabase(database.url, { poolMax: 1 });
    await source.destroy();
    await expect(recordings(['secret'], source).enter(news())).rejects.toThrow();
  });

  test('the recording of a call goes to the store as MP3, and from there, the carrier and the rows when it is old', async () => {
    const objects = new Map<string, Uint8Array>();
    const store: RecordingStore = {
      async put(name, bytes) {
        objects.set(`mem:${name}`, bytes);
        return `mem:${name}`;
      },
      get: async (location) => Buffer.from(objects.get(location) ?? []),
      delete: async (location) => void objects.delete(location),
    };
    twilio.answers.push(audio, status(500), status(204));
    const kept = recordings(['secret'], database.source, store);
    await kept.enter(news({ of: 'call' }));
    expect(await kept.keep('call', recordingSid, signal)).toBe('kept');
    const month = new Date().toISOString().slice(0, 7).replace('-', '/');
    expect([...objects.keys()]).toEqual([`mem:call/${month}/${recordingSid}.mp3`]);
    expect((await kept.audio('call', recordingSid, signal))?.audio).toEqual(sound);
    expect(await kept.old(new Date(Date.now() - DAY_MS))).toEqual([]);
    expect(await kept.old(new Date(Date.now() + DAY_MS))).toEqual([{ of: 'call', recordingSid }]);
    await expect(kept.remove('call', recordingSid, signal)).rejects.toThrow('500');
    expect(await database.source.getRepository(CallRecordingEntity).count()).toBe(1);
    await kept.remove('call', recordingSid, signal);
    await kept.remove('call', recordingSid, signal);
    expect([objects.size, await database.source.getRepository(CallRecordingEntity).count()]).toEqual([0, 0]);
    expect(twilio.requests.slice(1)).toEqual([asked('DELETE', 'json'), asked('DELETE', 'json')]);
  });

  test('what is fetched while it is given up is not kept, and what two fetch at once stays', async () => {
    const objects = new Set<string>();
    let meanwhile: () => Promise<unknown> = () => Promise.resolve();
    const store: RecordingStore = {
      async put(name) {
        await meanwhile();
        objects.add(name);
        return name;
      },
      get: () => Promise.resolve(null),
      delete: async (location) => void objects.delete(location),
    };
    const kept = recordings(['secret'], database.source, store);
    twilio.answers.push(audio, audio);
    await kept.enter(news());
    meanwhile = () => {
      meanwhile = () => Promise.resolve();
      return kept.keep('voicemail', recordingSid, signal);
    };
    expect(await kept.keep('voicemail', recordingSid, signal)).toBe('kept');
    expect(objects.size).toBe(1);
    const other = `RE${'7'.repeat(32)}`;
    const recordingUrl = `${news().recordingUrl}`.replace(recordingSid, other);
    twilio.answers.push(audio);
    await kept.enter(news({ recordingSid: other, recordingUrl }));
    meanwhile = () => kept.giveUp('voicemail', other);
    await kept.keep('voicemail', other, signal);
    expect([...objects].filter((name) => name.includes(other))).toEqual([]);
  });

  test('what was given up is old at once', async () => {
    const kept = recordings();
    await kept.enter(news());
    await kept.giveUp('voicemail', recordingSid);
    expect(await kept.old(new Date(0))).toEqual([{ of: 'voicemail', recordingSid }]);
  });
});
