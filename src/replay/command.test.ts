import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallLogEntity } from '../../entities/call-log.ts';
import { createConversationProjector } from '../analytics/projections.ts';
import { wholeCall } from '../analytics/story.fixture.ts';
import { append, readJournal } from '../directory/journal.ts';
import { claimed, newCallSid, webhook } from '../directory/calls.fixture.ts';
import { connectRedis, type RedisLink } from '../directory/redis.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { openDatabase } from '../services/database.ts';

const COMMAND = join(import.meta.dirname, '../replay.ts');
const GOLDEN = join(import.meta.dirname, '../../machines/golden/v1/the-caller-presses-0.json');
let redis: RedisServer;
let database: DatabaseServer;
let link: RedisLink;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-replay-'));
  [redis, database] = await Promise.all([startRedis(), startPglite()]);
  link = await connectRedis(redis.url);
});

afterAll(async () => {
  await link.close();
  await Promise.all([redis.stop(), database.stop()]);
  await rm(dir, { recursive: true, force: true });
});

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

function replay(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', COMMAND, ...args], {
    // Each would compile the same modules anew.
    env: { PATH, NODE_COMPILE_CACHE: join(dir, 'compiled'), ...env },
  });
  const ran: Ran = { code: null, out: '', err: '' };
  child.stdout.on('data', (text: Buffer) => (ran.out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (ran.err += text.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ran, code })));
}

async function journaled(): Promise<string> {
  const callSid = newCallSid();
  let { epoch } = await claimed(link, webhook(callSid));
  let seq = 1;
  for (const fact of wholeCall)
    if (fact === 'next epoch') {
      epoch = (await claimed(link, webhook(callSid, { kind: 'next' }))).epoch;
      seq = 1;
    } else {
      const ended = fact.type === 'carrier.statusReported' && fact.status === 'completed' && seq > 3;
      await append(link, { callSid, epoch, firstSeq: seq, facts: [fact], state: ended ? 'ended' : 'conversation' });
      seq += 1;
    }
  return callSid;
}

test('a call of today is told from Redis, kept in a file, and compared with what was written down of it', async () => {
  const callSid = await journaled();
  const source = await openDatabase(database.url);
  const facts = (await readJournal(link, callSid)).flatMap((entry) =>
    entry.kind === 'fact' ? [{ callSid, ...entry }] : [],
  );
  await createConversationProjector(source, Date.now)(facts);
  await append(link, {
    callSid,
    epoch: facts.at(-1)?.epoch ?? 0,
    firstSeq: 6,
    facts: [{ type: 'carrier.dtmf', at: 1, digit: '?' }],
    state: 'ended',
  });
  const env = { REDIS_URL: redis.url, DATABASE_URL: database.url };
  const file = join(dir, 'call.jsonl');
  const told = await replay([callSid, '--diff', '--save', file], env);
  expect([told.err, told.code]).toEqual(['', 0]);
  expect(told.out).toContain('nothing differs from what was made of it by the nodes and the call log');
  expect(told.out).toContain('Are you open today?');
  expect(await readFile(file, 'utf8')).not.toContain('4111');

  await source.getRepository(CallLogEntity).update({ callSid }, { outcome: 'voicemail', transcript: [] });
  const [other, same] = await Promise.all([replay([callSid, '--diff', '--json'], env), replay([file, '--diff'])]);
  const { differences } = JSON.parse(other.out) as { differences: { what: string }[] };
  expect([other.code, differences.map(({ what }) => what)]).toEqual([
    1,
    ['row', ...[0, 1, 2, 3, 4, 5].map((index) => `transcript[${index}]`)],
  ]);
  expect([same.err, same.code]).toEqual(['', 0]);

  await source.query(`INSERT INTO erased_call (call_sid, erasure_id) VALUES ($1, 'ER1')`, [callSid]);
  await source.destroy();
  expect(await replay([callSid], env)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/^CA\w+ was erased on /),
  });
});

test('what cannot be replayed is refused in a line', async () => {
  const older = join(dir, 'older.jsonl');
  await writeFile(
    older,
    (await readFile(GOLDEN, 'utf8')).replace('"2 conversation.opening"', '"2 conversation.talking"'),
  );
  const unknown = newCallSid();
  const [nobody, nowhere, unset, usage, golden, changed] = await Promise.all([
    replay([unknown], { REDIS_URL: redis.url }),
    replay(['no-such-file']),
    replay([unknown]),
    replay([]),
    replay([GOLDEN, '--diff']),
    replay([older, '--diff']),
  ]);
  expect([nobody.code, nobody.err]).toEqual([
    1,
    `${unknown} is not known: Redis keeps a journal for a day after the call's end, Kafka for as long as it is told to\n`,
  ]);
  expect([nowhere.code, nowhere.err]).toEqual([
    1,
    'no-such-file is neither a file nor a CallSid (CA and 32 hexadecimal digits)\n',
  ]);
  expect([unset.code, unset.err]).toEqual([1, expect.stringContaining('REDIS_URL is not set')]);
  expect([usage.code, usage.err]).toEqual([1, expect.stringContaining('npm run replay -- CALLSID|FILE')]);
  expect([golden.code, golden.err]).toEqual([0, '']);
  expect([changed.code, changed.out]).toEqual([1, expect.stringContaining('was "conversation.talking"')]);
});
