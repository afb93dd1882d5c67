import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CallbackRequestEntity } from '../../entities/callback-request.ts';
import { CallLogEntity } from '../../entities/call-log.ts';
import { ErasedCallEntity } from '../../entities/erased-call.ts';
import { PrivacyRecordEntity } from '../../entities/privacy-record.ts';
import { TurnEntity } from '../../entities/turn.ts';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import { createConversationProjector } from '../analytics/projections.ts';
import { wholeCall } from '../analytics/story.fixture.ts';
import { claimed, newCallSid, webhook } from '../directory/calls.fixture.ts';
import { ownerOf } from '../directory/claims.ts';
import { append, readJournal } from '../directory/journal.ts';
import { deadFacts } from '../directory/dead-facts.ts';
import { outboxKey, partitionCount, partitionOf } from '../directory/keys.ts';
import { deadLetter, readOutbox, registerGroups } from '../directory/outbox.ts';
import { connectRedis, type RedisLink, type RedisScan } from '../directory/redis.ts';
import { readStreamEntries } from '../directory/reply.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { callsInRedis } from './caller-calls.ts';
import { createErasureGate } from './erasure-gate.ts';
import { eraseCaller, type EraseDeps } from './erase.ts';
import { exportCaller } from './export.ts';
import { finishErasures } from './finish-erasures.ts';
import { createNumberKey } from './number-key.ts';

const NUMBER = '+12075550123';
const OTHER = '+12075550124';
const key = createNumberKey('a secret of the tests');
const order = { number: NUMBER, by: 'ann', reason: 'asked by mail' };
let redis: RedisServer;
let link: RedisLink & RedisScan;

beforeAll(async () => {
  redis = await startRedis();
  link = await connectRedis(redis.url);
});

afterAll(async () => {
  await link.close();
  await redis.stop();
});

/** A call as its nodes journal it; over, unless it goes on. */
async function lived(from: string, goesOn = false): Promise<string> {
  const callSid = newCallSid();
  let { epoch, at } = await claimed(link, webhook(callSid, { from }));
  let firstSeq = 1;
  for (const fact of goesOn ? wholeCall.slice(0, 9) : wholeCall) {
    if (fact === 'next epoch') {
      ({ epoch, at } = await claimed(link, webhook(callSid, { kind: 'next' })));
      firstSeq = 1;
      continue;
    }
    const told: CallEvent = fact.type === 'carrier.arrived' ? { ...fact, from, at } : fact;
    await append(link, { callSid, epoch, firstSeq, facts: [told], state: 'talking' });
    firstSeq += 1;
  }
  if (!goesOn) await over(callSid, epoch, firstSeq);
  return callSid;
}

async function over(callSid: string, epoch: number, firstSeq: number): Promise<void> {
  const fact: CallEvent = { type: 'carrier.statusReported', at: 1, status: 'completed', durationS: 9, sequence: 9 };
  await append(link, { callSid, epoch, firstSeq, facts: [fact], state: 'ended', ended: 'completed' });
}

const factsOf = async (callSid: string) =>
  (await readJournal(link, callSid)).flatMap((entry) => (entry.kind === 'fact' ? [{ callSid, ...entry }] : []));

/** What the outbox says of a call, last. */
async function lastTold(callSid: string): Promise<string | undefined> {
  const entries = readStreamEntries(await link.command('xrange', outboxKey(partitionOf(callSid)), '-', '+'));
  const own = entries.filter(({ fields }) => fields.get('c') === callSid).map(({ fields }) => fields.get('f') ?? '{}');
  return (JSON.parse(own.at(-1) ?? '{}') as { type?: string }).type;
}

await onBothDatabases((database) => {
  const deleted: string[] = [];
  const deps = (): EraseDeps => ({
    dataSource: database.source,
    link,
    key,
    deleteRecording: async (of, recordingSid) => void deleted.push(`${of} ${recordingSid}`),
  });
  const project = createProjection();

  function createProjection() {
    return async (callSid: string) =>
      createConversationProjector(database.source, Date.now, createErasureGate(key))(await factsOf(callSid));
  }
  const rows = async (callSid: string) => ({
    calls: await database.source.getRepository(CallLogEntity).countBy({ callSid }),
    turns: await database.source.getRepository(TurnEntity).countBy({ callSid }),
  });
  const nothing = { calls: 0, turns: 0 };

  beforeEach(async () => {
    deleted.length = 0;
    await link.command('flushall');
    const tables = ['call_log', 'turn', 'tool_execution', 'call_epoch', 'erasure', 'erased_call', 'voicemail'];
    await database.source.query(`TRUNCATE ${[...tables, 'callback_request', 'privacy_record'].join(', ')}`);
  });

  async function messageAndCallback(callSid: string): Promise<void> {
    const { source } = database;
    await source.getRepository(VoicemailEntity).insert({
      ...{ recordingSid: 'RE1', callSid, fromNumber: NUMBER, topic: 'cake', transcript: 'a cake please' },
      ...{ status: 'new', audio: Buffer.from('sound') },
    });
    const at = new Date();
    await source.getRepository(CallbackRequestEntity).insert({
      ...{ callSid: 'CA0', number: NUMBER, calledNumber: '+1', windowStart: at, windowEnd: at, nextAttemptAt: at },
    });
  }

  test('everything of the number goes: rows, journals, hashes, messages, call-backs; of nobody else', async () => {
    const [mine, foreign] = [await lived(NUMBER), await lived(OTHER)];
    await project(mine);
    await project(foreign);
    await messageAndCallback(mine);
    const erased = await eraseCaller(deps(), order);
    expect(erased).toMatchObject({
      calls: 2,
      live: [],
      counts: { call_log: 1, turn: 6, callback_request: 1, recordings: 1 },
    });
    expect([await rows(mine), await rows(foreign)]).toEqual([nothing, { calls: 1, turns: 6 }]);
    expect([await readJournal(link, mine), await ownerOf(link, mine)]).toEqual([[], null]);
    expect((await readJournal(link, foreign)).length).toBeGreaterThan(10);
    expect(deleted).toEqual(['voicemail RE1']);
    const message = await database.source.getRepository(VoicemailEntity).findOneByOrFail({ recordingSid: 'RE1' });
    expect(message).toMatchObject({ fromNumber: '', topic: '', transcript: null, status: 'discarded' });
    expect([await lastTold(mine), await lastTold(erased.erasureId)]).toEqual(['journal.erased', 'journal.erased']);
    const tables = await Promise.all(
      ['erasure', 'erased_call', 'privacy_record', 'call_log', 'voicemail', 'callback_request'].map((table) =>
        database.source.query(`SELECT * FROM ${table}`),
      ),
    );
    const kept = JSON.stringify(tables);
    expect(kept).not.toContain(NUMBER);
    expect(kept).toContain(key.hash(NUMBER));
    expect(await database.source.getRepository(PrivacyRecordEntity).find()).toMatchObject([
      {
        act: 'erase',
        by: 'ann',
        reason: 'asked by mail',
        subject: key.hash(NUMBER),
        counts: { calls: 2, call_log: 1 },
      },
    ]);
  });

  test('facts that come later make no row; a call of the same caller after it is like any other', async () => {
    const mine = await lived(NUMBER);
    const late = await factsOf(mine);
    await eraseCaller(deps(), order);
    await createConversationProjector(database.source, Date.now, createErasureGate(key))(late);
    const next = await lived(NUMBER);
    await project(next);
    expect([await rows(mine), await rows(next)]).toEqual([nothing, { calls: 1, turns: 6 }]);
  });

  test('repeated it finds nothing more, keeps its id, and is noted again', async () => {
    await project(await lived(NUMBER));
    const first = await eraseCaller(deps(), order);
    const second = await eraseCaller(deps(), order);
    expect([first.calls, second.calls, second.erasureId]).toEqual([1, 0, first.erasureId]);
    expect(second.until).toBeGreaterThanOrEqual(first.until);
    expect(await database.source.getRepository(PrivacyRecordEntity).count()).toBe(2);
  });

  test('a call that still goes on leaves no row from then on, and no journal once it is over', async () => {
    const mine = await lived(NUMBER, true);
    await project(mine);
    const { live } = await eraseCaller(deps(), order);
    expect([live, await rows(mine)]).toEqual([[mine], nothing]);
    expect((await readJournal(link, mine)).length).toBeGreaterThan(5);
    await finishErasures(deps(), new AbortController().signal);
    expect(await database.source.getRepository(ErasedCallEntity).find()).toMatchObject([
      { callSid: mine, status: 'open' },
    ]);
    const facts = await factsOf(mine);
    await over(mine, facts.at(-1)?.epoch ?? 0, (facts.at(-1)?.seq ?? 0) + 1);
    await project(mine);
    // As a release makes them that knows of no erasure.
    await database.source
      .getRepository(CallLogEntity)
      .insert({ callSid: mine, fromNumber: NUMBER, status: 'X', startedAt: new Date() });
    expect(await finishErasures(deps(), new AbortController().signal)).toEqual({ call_log: 1 });
    expect([await rows(mine), await readJournal(link, mine), await ownerOf(link, mine)]).toEqual([nothing, [], null]);
    expect([await lastTold(mine), await database.source.getRepository(ErasedCallEntity).find()]).toMatchObject([
      'journal.erased',
      [{ callSid: mine, status: 'done' }],
    ]);
  });

  test('what no consumer could take in is deleted, also of a call that nothing else tells of', async () => {
    const [mine, unknown, foreign] = [await lived(NUMBER), newCallSid(), newCallSid()];
    const arrived = (from: string) =>
      JSON.stringify({ type: 'carrier.arrived', at: 1, from, to: '+1', node: 'n' } satisfies CallEvent);
    const setAside = async (callSid: string, from: string): Promise<void> => {
      const partition = partitionOf(callSid);
      const seat = { partition, group: 'relay', holder: 'x' };
      await readOutbox(link, seat, false);
      const entry = { id: '1-1', callSid, epoch: 1, seq: 1, fact: null, json: arrived(from) };
      expect(await deadLetter(link, seat, entry, 'refused')).toBe('acked');
    };
    await registerGroups(link, ['relay']);
    await setAside(mine, NUMBER);
    await setAside(unknown, NUMBER);
    await setAside(foreign, OTHER);
    expect(await eraseCaller(deps(), order)).toMatchObject({ calls: 2, counts: { set_aside: 2 } });
    expect((await deadFacts(link)).map(({ callSid }) => callSid)).toEqual([foreign]);
    await setAside(mine, NUMBER);
    expect(await finishErasures(deps(), new AbortController().signal)).toEqual({ set_aside: 1 });
  });

  test('what is known of a number is exported, without sound, and that is noted', async () => {
    const [mine, foreign] = [await lived(NUMBER), await lived(OTHER)];
    await project(mine);
    await project(foreign);
    await messageAndCallback(mine);
    const current = await lived(NUMBER, true);
    const made = await exportCaller({ dataSource: database.source, link, key }, order);
    const call = made.calls.find(({ callSid }) => callSid === mine);
    expect(call?.tables['call_log']).toMatchObject([{ from_number: NUMBER, outcome: 'transferred' }]);
    expect([call?.tables['turn']?.length, call?.tables['tool_execution']?.length]).toEqual([6, 2]);
    expect(made.voicemails).toMatchObject([{ recording_sid: 'RE1', transcript: 'a cake please' }]);
    expect(made.callbacks).toMatchObject([{ number: NUMBER }]);
    expect(made.current.map(({ callSid, ended }) => [callSid, ended === null])).toEqual(
      expect.arrayContaining([
        [current, true],
        [mine, false],
      ]),
    );
    const text = JSON.stringify(made);
    expect([text.includes(foreign), text.includes('"audio"')]).toEqual([false, false]);
    expect(await database.source.getRepository(PrivacyRecordEntity).find()).toMatchObject([
      { act: 'export', counts: { calls: 2 } },
    ]);
    await eraseCaller(deps(), order);
    const after = await exportCaller({ dataSource: database.source, link, key }, order);
    expect([after.calls, after.voicemails, after.callbacks, after.erasedUntil]).toEqual([
      [],
      [],
      [],
      expect.any(String),
    ]);
  });
});

test('calls of every partition are found', async () => {
  await link.command('flushall');
  const partitions = new Set<number>();
  const callSids: string[] = [];
  while (partitions.size < partitionCount) {
    const callSid = newCallSid();
    partitions.add(partitionOf(callSid));
    callSids.push(callSid);
    await claimed(link, webhook(callSid, { from: NUMBER }));
  }
  expect((await callsInRedis(link, NUMBER)).map(({ callSid }) => callSid).toSorted()).toEqual(callSids.toSorted());
});
