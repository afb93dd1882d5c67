import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CallRecordingEntity } from '../../entities/call-recording.ts';
import { type Voicemail, VoicemailEntity } from '../../entities/voicemail.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import { deadJobs } from '../directory/jobs.ts';
import { type JobLane, jobLanes } from '../directory/keys.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { parseRecordingsUrl } from '../recordings-url.ts';
import { createRedactor } from '../redact/redactor.ts';
import { accountSid, type Answer, carrierServer, recordingSid, status } from '../services/carrier-server.fixture.ts';
import { openDatabase } from '../services/database.ts';
import { createNotices, signature } from '../services/notices.ts';
import { createRecordingStore } from '../services/recording-store.ts';
import { createRecordings, type RecordingNews } from '../services/recordings.ts';
import { eventually } from '../sim/eventually.ts';
import { type FakeModel, startFakeModel } from '../sim/model/index.ts';
import { type MailSink, startMailSink } from '../sim/parts/mail-sink.ts';
import { type FakeBucket, startFakeBucket } from '../sim/parts/s3.ts';
import { encodeUtterance, joinBytes, writeWav } from '../sim/voice/index.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createJobs } from './queue.ts';
import { enterRecording, recordingJobs } from './recording-jobs.ts';
import { JobWorker, workOf } from './worker.ts';

const SECRET = 'whsec-of-the-store';
const WORDS = 'My card is 4242 4242 4242 4242, please call me back about the cake.';

let redis: RedisServer;
let link: RedisLink;
let database: DatabaseServer;
let source: Awaited<ReturnType<typeof openDatabase>>;
let model: FakeModel;
let twilio: Awaited<ReturnType<typeof carrierServer>>;
let bucket: FakeBucket;
let mail: MailSink;
let hooks: Awaited<ReturnType<typeof hookServer>>;
let journal: CallEvent[];
let days: number;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [redis, database, model] = await Promise.all([startRedis(), startPglite(), startFakeModel()]);
  link = await connectRedis(redis.url);
  source = await openDatabase(database.url);
});
afterAll(async () => {
  await source.destroy();
  await link.close();
  await Promise.all([redis.stop(), database.stop(), model.close()]);
});
beforeEach(async () => {
  journal = [];
  days = 90;
  model.transcriptionDoor = 'open';
  [twilio, bucket, mail, hooks] = await Promise.all([
    carrierServer(),
    startFakeBucket(),
    startMailSink(),
    hookServer(),
  ]);
  await link.command('flushall');
  await source.getRepository(VoicemailEntity).clear();
});
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await Promise.all([twilio.close(), bucket.close(), mail.close(), hooks.close()]);
});

async function hookServer() {
  const taken: { headers: IncomingHttpHeaders; body: string }[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const answered = statuses.shift() ?? 204;
      if (answered < 300) taken.push({ headers: request.headers, body });
      response.writeHead(answered).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    taken,
    statuses,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const spoken: Answer = (response) => {
  const wav = writeWav(joinBytes(encodeUtterance(WORDS, { utterance: 7, speaker: 'caller' })), 'pcm16');
  response.writeHead(200, { 'content-type': 'audio/x-wav' }).end(wav);
};

/** Workers of both lanes as a process has them. */
function start() {
  const place = parseRecordingsUrl(bucket.url);
  if (!place) throw new Error(bucket.url);
  const quiet = { warn: () => undefined, error: () => undefined } as never;
  const account = { accountSid, authTokens: ['secret'], apiUrl: twilio.apiUrl };
  const metrics = createMetrics();
  const parts = {
    recordings: createRecordings(source, { account, store: createRecordingStore(place), log: quiet }),
    jobs: createJobs(link),
    notices: createNotices({ smtpUrl: mail.url, notifyUrl: hooks.url, notifySecret: SECRET }),
  };
  const handlers = recordingJobs({
    ...parts,
    transcription: { apiUrl: model.apiUrl, apiKey: 'fake' },
    redactor: () => createRedactor({ phone: false, mail: false }),
    recipient: () => ({ storeName: 'Mangy Dog Coffee', timeZone: 'America/New_York', to: 'shop@dog.example' }),
    days: () => days,
    consoleUrl: 'https://voice.example.com',
    journalOf: async () => journal,
    now: Date.now,
    metrics,
  });
  const find = workOf(handlers as Parameters<typeof workOf>[0]);
  const common = { link, find, recurring: [], reader: 'a', log: quiet, metrics };
  const workers = jobLanes.map((lane) => new JobWorker({ ...common, lane }));
  for (const worker of workers) worker.start();
  stops.push(async () => void (await Promise.all(workers.map((worker) => worker.stop()))));
  return { ...parts, isErased: async (callSid: string) => callSid === 'CA9', metrics };
}

const news: () => RecordingNews = () => ({
  of: 'voicemail',
  recordingSid,
  recordingUrl: `${twilio.apiUrl}/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`,
  durationS: 65,
  status: 'completed',
  callSid: 'CA1',
  fromNumber: '+12075550100',
  topic: 'wedding cake',
  declined: false,
});
const row = () => source.getRepository(VoicemailEntity).findOneBy({ recordingSid });
const isMailed = (message: Voicemail | null): boolean => (message?.mailedAt ?? null) !== null;
const isTold = (message: Voicemail | null): boolean => isMailed(message) && (message?.hookedAt ?? null) !== null;
const dead = async (lane: JobLane) => (await deadJobs(link, lane, 10)).map(({ id }) => id.split('|')[0]);
const recorded: CallEvent = {
  type: 'carrier.recordEnded',
  at: 1,
  recordingSid,
  recordingUrl: '',
  durationS: 65,
  digits: '#',
  review: true,
};

test('a message of a caller who had everything erased is deleted at the carrier, unheard', async () => {
  twilio.answers.push(status(204));
  const { metrics: _, ...parts } = start();
  expect(await enterRecording(parts, { ...news(), callSid: 'CA9' }, Date.now())).toBe('taken');
  await expect.poll(row).toBe(null);
  expect(twilio.requests.map((request) => request.split(' ')[0])).toEqual(['DELETE']);
});

test('a message is fetched when the carrier has it, kept, written down without its card, and told once each way', async () => {
  twilio.answers.push(status(404), spoken);
  const { metrics, ...parts } = start();
  expect(await enterRecording(parts, news(), Date.now())).toBe('taken');
  expect(await enterRecording(parts, news(), Date.now())).toBe('taken');
  await eventually(row, isTold);
  const transcript = 'My card is [card], please call me back about the cake.';
  expect(await row()).toMatchObject({ status: 'new', transcript });
  expect([...bucket.objects.keys()]).toEqual([expect.stringMatching(/^voicemail\/\d{4}\/\d\d\/RE1+\.wav$/)]);
  expect([mail.mails.length, mail.complaints, hooks.taken.length]).toEqual([1, [], 1]);

  const [{ to, text } = { to: [], text: '' }] = mail.mails;
  expect(to).toEqual(['shop@dog.example']);
  expect(text).toContain('Subject: Message from +12075550100 about wedding cake');
  for (const line of ['Length: 1:05', 'Topic: wedding cake', 'Listen: https://voice.example.com/admin/calls/CA1'])
    expect(text).toContain(line);
  expect(text.replaceAll('=\n', '')).toContain(transcript);

  const [{ headers, body } = { headers: {}, body: '' }] = hooks.taken;
  expect(JSON.parse(body)).toMatchObject({
    type: 'voicemail.left',
    data: { from: '+12075550100', topic: 'wedding cake', transcript, audio: 'kept', durationS: 65, recordingSid },
  });
  const signed = `${recordingSid}.${String(headers['webhook-timestamp'])}.${body}`;
  expect(headers['webhook-signature']).toBe(`v1,${signature(SECRET, signed)}`);
  expect((await metrics.noticesSent.get()).values.map(({ value }) => value)).toEqual([1, 1]);
  expect(await dead('soon')).toEqual([]);
});

test('mail and hook are tried until they are taken, each by itself', async () => {
  twilio.answers.push(spoken);
  mail.refusals.push('421 busy');
  hooks.statuses.push(500);
  const { metrics: _, ...parts } = start();
  await enterRecording(parts, news(), Date.now());
  await eventually(row, isTold);
  expect([mail.mails.length, hooks.taken.length]).toEqual([1, 1]);
});

test('without a transcription the store is told all the same, and it is a dead letter', async () => {
  twilio.answers.push(spoken);
  model.transcriptionDoor = 404;
  const { metrics: _, ...parts } = start();
  await enterRecording(parts, news(), Date.now());
  await eventually(row, isMailed);
  expect(mail.mails[0]?.text).toContain('It was not written down.');
  expect(await row()).toMatchObject({ transcript: null, status: 'new' });
  expect(
    await eventually(
      () => dead('soon'),
      (kinds) => kinds.length > 0,
    ),
  ).toEqual(['message.transcribe']);
});

test('a message that nobody can fetch is a dead letter, an alarm, and the store is told', async () => {
  twilio.answers.push(status(410));
  const { metrics, ...parts } = start();
  await enterRecording(parts, news(), Date.now());
  await eventually(row, isTold);
  expect(await dead('soon')).toEqual(['message.fetch']);
  expect((await metrics.recordingsLost.get()).values).toEqual([{ labels: { of: 'voicemail' }, value: 1 }]);
  expect(mail.mails[0]?.text).toContain('The sound is lost');
  expect(JSON.parse(hooks.taken[0]?.body ?? '')).toMatchObject({ data: { audio: 'lost', transcript: null } });
});

test('nobody is told of a message before the caller has decided, nor of one that was recorded again', async () => {
  twilio.answers.push(spoken, status(204));
  journal = [recorded];
  const { metrics, ...parts } = start();
  await enterRecording(parts, news(), Date.now());
  const runs = async () =>
    (await metrics.jobRuns.get()).values
      .filter(({ labels }) => labels.kind === 'notice.mail')
      .map(({ labels, value }) => `${labels.result} ${value}`);
  await eventually(runs, (results) => results.length > 0);
  expect([await runs(), mail.mails.length]).toEqual([['waits 1'], 0]);
  journal.push({ type: 'carrier.reviewed', at: 2, choice: 'again' });
  journal.push({ ...recorded, at: 3, recordingSid: `RE${'7'.repeat(32)}` });
  await eventually(row, (found) => found === null);
  expect([mail.mails, hooks.taken, bucket.objects.size]).toEqual([[], [], 0]);
  expect(twilio.requests.at(-1)).toMatch(/^DELETE /);
});

test('the recording of a call that the caller declined is deleted, and never fetched', async () => {
  twilio.answers.push(status(204));
  const { metrics: _, ...parts } = start();
  const calls = source.getRepository(CallRecordingEntity);
  await enterRecording(parts, { ...news(), of: 'call', declined: true }, Date.now());
  await eventually(
    () => calls.count(),
    (count) => count === 0,
  );
  expect(twilio.requests.map((line) => line.split(' ')[0])).toEqual(['DELETE']);
});

test('what is older than the store wants is deleted in the store, at the carrier, and its row', async () => {
  twilio.answers.push(spoken);
  const { metrics: _, ...parts } = start();
  await enterRecording(parts, news(), Date.now());
  await eventually(row, isTold);
  twilio.answers.splice(0, 9, status(204));
  await parts.jobs.enqueue('retention', 'now', {});
  await eventually(
    () => link.command('hlen', '{jobs}:bulk:job'),
    (open) => open === 0,
  );
  expect(await row()).not.toBeNull();
  days = -1;
  await parts.jobs.enqueue('retention', 'then', {});
  await eventually(row, (found) => found === null);
  expect([await row(), bucket.objects.size]).toEqual([null, 0]);
  expect(twilio.requests.at(-1)).toContain(`DELETE /2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}.json`);
});
