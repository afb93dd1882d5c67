import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PreparedLineEntity } from '../../entities/prepared-line.ts';
import { deadJobs } from '../directory/jobs.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';
import { createSpeech, type Speech } from '../services/speech.ts';
import { type LineSource, wantedLines } from '../services/wanted-lines.ts';
import { eventually } from '../sim/eventually.ts';
import { type FakeModel, startFakeModel } from '../sim/model/index.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { jobKinds } from './kinds.ts';
import { lineJobs, requestLines } from './line-jobs.ts';
import { createJobs } from './queue.ts';
import { JobWorker } from './worker.ts';

const log = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;

let redis: RedisServer;
let link: RedisLink;
let database: DatabaseServer;
let source: Awaited<ReturnType<typeof openDatabase>>;
let model: FakeModel;
let worker: JobWorker | null = null;
const settings = { voice: 'marin', greeting: 'Hello!' };
const store: LineSource = {
  store: () => ({ name: 'The Shop', address: '', phone: '', email: '' }),
  assistant: () => settings as never,
  languages: () => ['en'],
  persona: () => ({ instructions: '', ...settings }),
  closed: () => null,
  promotionLines: () => [],
};

beforeAll(async () => {
  [redis, database, model] = await Promise.all([startRedis(), startPglite(), startFakeModel({ charsPerSecond: 200 })]);
  link = await connectRedis(redis.url);
  source = await openDatabase(database.url);
});
afterAll(async () => {
  await worker?.stop();
  await source.destroy();
  await link.close();
  await Promise.all([redis.stop(), database.stop(), model.close()]);
});
beforeEach(async () => {
  await worker?.stop();
  model.speechDoor = 'open';
});

/** A process that renders; waits between tries are too short to notice. */
function startWorker(speech: Speech | null, triesMax = 6) {
  const announced: number[] = [];
  const announce = () => Promise.resolve(void announced.push(model.asked));
  const { 'lines.render': run } = lineJobs({ dataSource: source, speech, source: store, announce, log });
  const kind = { ...jobKinds['lines.render'], triesMax, backOffMs: 1, backOffMaxMs: 1 };
  worker = new JobWorker({
    link,
    lane: 'bulk',
    find: (name) => (name === 'lines.render' ? { kind, run: (_, context) => run({}, context) } : null),
    recurring: [],
    reader: `r${Math.random()}`,
    log,
    metrics: createMetrics(),
  });
  worker.start();
  return announced;
}
const speaks = () => createSpeech({ apiUrl: model.apiUrl, apiKey: 'any' });
const rendered = (voice: string) => source.getRepository(PreparedLineEntity).countBy({ voice });

test('what is asked for is rendered and announced, once however often it is asked for', async () => {
  const announced = startWorker(speaks());
  const jobs = createJobs(link);
  await Promise.all([requestLines(jobs, store), requestLines(jobs, store)]);
  const wanted = wantedLines(store).length;
  expect(
    await eventually(
      () => announced.length,
      (times) => times > 0,
    ),
  ).toBe(1);
  expect([await rendered('marin'), model.asked]).toEqual([wanted, wanted]);
  settings.voice = 'cedar';
  await requestLines(jobs, store);
  expect(
    await eventually(
      () => announced.length,
      (times) => times > 1,
    ),
  ).toBe(2);
  expect(await rendered('cedar')).toBe(wanted);
});

test('an interface that is away is asked again, and what was had is kept', async () => {
  settings.voice = 'ash';
  model.speechDoor = 503;
  const announced = startWorker(speaks(), 1_000);
  await requestLines(createJobs(link), store);
  const asked = model.asked;
  await eventually(
    () => model.asked,
    (count) => count > asked + 10,
  );
  expect([announced, await rendered('ash')]).toEqual([[], 0]);
  model.speechDoor = 'open';
  expect(
    await eventually(
      () => rendered('ash'),
      (count) => count === wantedLines(store).length,
    ),
  ).toBeGreaterThan(30);
});

test('one that refuses is left alone: the job is dead at once, and says why', async () => {
  settings.voice = 'echo';
  model.speechDoor = 401;
  startWorker(speaks());
  await requestLines(createJobs(link), store);
  const [dead] = await eventually(
    () => deadJobs(link, 'bulk', 1),
    (jobs) => jobs.length > 0,
  );
  expect(dead).toMatchObject({ tries: 1, reason: expect.stringContaining('speech refused: 401') });
});

test('where nothing speaks there is nothing to do', async () => {
  settings.voice = 'sage';
  const before = model.asked;
  startWorker(null);
  await requestLines(createJobs(link), store);
  const dead = await deadJobs(link, 'bulk', 10);
  await eventually(
    async () => Number(await link.command('hlen', '{jobs}:bulk:job')),
    (open) => open === 0,
  );
  expect([model.asked, (await deadJobs(link, 'bulk', 10)).length]).toEqual([before, dead.length]);
});
