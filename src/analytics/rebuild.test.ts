import type { DataSource } from 'typeorm';
import { beforeEach, expect, test } from 'vitest';
import { createErasureGate } from '../privacy/erasure-gate.ts';
import { createNumberKey } from '../privacy/number-key.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { withoutSyntheticCalls } from './fact-sources.ts';
import { createConversationProjector } from './projections.ts';
import { rebuild, type RebuildOptions, rebuiltTables } from './rebuild.ts';
import type { StoredFact } from './stored-fact.ts';
import { CALLER, EPOCH, story, wholeCall } from './story.fixture.ts';

const key = createNumberKey('a secret of the tests');
const SECOND = EPOCH + 1_000;

async function allRows(source: DataSource): Promise<Record<string, unknown>> {
  const tables = await Promise.all(
    rebuiltTables()
      .filter((table) => table !== 'figure_due')
      .map(async (table) => [table, await source.query(`SELECT * FROM "${table}" t ORDER BY t::text`)] as const),
  );
  return Object.fromEntries(tables);
}

await onBothDatabases((database) => {
  const facts = ['CA1', 'CA2', 'CA3'].flatMap((callSid) => story(callSid, wholeCall));
  const project = (own: readonly StoredFact[], now = SECOND) =>
    createConversationProjector(database.source, () => now, createErasureGate(key))(own);
  const again = (own: readonly StoredFact[], more: Partial<RebuildOptions> = {}) =>
    rebuild({
      dataSource: database.source,
      source: {
        async read(take) {
          // In pieces, and some of it twice.
          for (let from = 0; from < own.length; from += 17) await take(own.slice(Math.max(0, from - 5), from + 17));
          return own.length;
        },
      },
      key,
      policy: { transcriptDays: 3_650, callDays: 3_650 },
      isCheck: false,
      now: () => SECOND + 99_999,
      ...more,
    });

  beforeEach(async () => {
    await database.source.query('DROP SCHEMA IF EXISTS rebuild CASCADE');
    await database.source.query(`TRUNCATE ${[...rebuiltTables(), 'erasure', 'erased_call'].join(', ')}`);
  });

  test('what was made as the facts came is what is made of them again, row by row', async () => {
    await project(facts);
    const before = await allRows(database.source);
    expect(await again(facts)).toEqual({ facts: facts.length, refused: 0, calls: 3, kept: 0, wrong: {} });
    expect(await allRows(database.source)).toEqual(before);
    expect(await database.source.query(`SELECT to_regclass('rebuild.call_log') AS left`)).toEqual([{ left: null }]);
  });

  test('a fact that cannot be taken in is left out again, and holds nothing up', async () => {
    await project(facts);
    const poison: StoredFact = {
      callSid: 'CA2',
      epoch: EPOCH,
      seq: 99,
      fact: { type: 'caller.said', at: EPOCH, itemId: 'x', text: 'nul \u0000', after: null },
    };
    const own = [...facts.slice(0, 40), poison, ...facts.slice(40)];
    expect(await again(own)).toMatchObject({ calls: 3, kept: 0, wrong: {} });
  });

  test('rows that are wrong, missing or too many are put right in one step; a check only tells', async () => {
    await project(facts);
    const before = await allRows(database.source);
    const { source } = database;
    await source.query(`UPDATE call_log SET outcome = 'missed' WHERE call_sid = 'CA1'`);
    await source.query(`DELETE FROM turn WHERE call_sid = 'CA2' AND who = 'caller'`);
    await source.query(`INSERT INTO tool_execution (call_sid, tool_call_id, epoch, name, arguments, started_at)
      VALUES ('CA3', 'no such', 1, 'x', '', now())`);
    await source.query(`DELETE FROM call_log WHERE call_sid = 'CA3'`);
    const broken = await allRows(source);
    const wrong = {
      call_log: { removed: 1, added: 2 },
      turn: { removed: 0, added: 3 },
      tool_execution: { removed: 1, added: 0 },
    };
    expect((await again(facts, { isCheck: true })).wrong).toEqual(wrong);
    expect(await allRows(source)).toEqual(broken);
    expect((await again(facts)).wrong).toEqual(wrong);
    // When it was processed is told by no fact, and its row was gone.
    await source.query(`UPDATE call_log SET processed_at = to_timestamp($1::float8 / 1000)`, [SECOND]);
    expect(await allRows(source)).toEqual(before);
  });

  test('calls of which not all is there, and those that were told of meanwhile, stay as they are', async () => {
    await project(facts);
    const { source } = database;
    await source.query(`UPDATE call_log SET outcome = 'missed'`);
    const cut = facts.filter(({ callSid, seq, epoch }) => callSid !== 'CA1' || epoch > EPOCH || seq > 1);
    const rebuilt = await again(cut, {
      source: {
        async read(take) {
          await take(cut);
          // A fact that came late, of a place before the last.
          await project(facts.filter(({ callSid }) => callSid === 'CA2').slice(0, 9));
          await source.query(`UPDATE turn SET text = text WHERE call_sid = 'CA2'`);
          return cut.length;
        },
      },
    });
    expect(rebuilt).toMatchObject({ calls: 1, kept: 2, wrong: { call_log: { removed: 1, added: 1 } } });
    expect(await source.query('SELECT call_sid, outcome FROM call_log ORDER BY call_sid')).toEqual([
      { call_sid: 'CA1', outcome: 'missed' },
      { call_sid: 'CA2', outcome: 'answered' },
      { call_sid: 'CA3', outcome: 'transferred' },
    ]);
  });

  test('erased calls do not come back, be they known by their CallSid, by their number, or by a fact', async () => {
    const until = EPOCH + 3_600_000;
    const moved = (ms: number, from: string): typeof wholeCall =>
      wholeCall.map((fact) => {
        if (fact === 'next epoch') return fact;
        const later = { ...fact, at: fact.at + ms };
        return later.type === 'carrier.arrived' ? { ...later, from } : later;
      });
    const others = [...story('CA4', moved(0, '+15550111')), ...story('CA5', moved(3_600_001, CALLER))];
    const all = [...facts, ...others];
    const said = { type: 'journal.erased', at: until, erasureId: 'ER1', keyId: key.id, until } as const;
    // By a fact alone, with an empty database.
    const told: StoredFact[] = [
      { callSid: 'ER1', epoch: until, seq: 1, fact: { ...said, numberHash: key.hash(CALLER) } },
    ];
    await again([...all, ...told]);
    const calls = () => database.source.query('SELECT call_sid FROM call_log ORDER BY 1');
    expect(await calls()).toEqual([{ call_sid: 'CA4' }, { call_sid: 'CA5' }]);
    // While it is rebuilt.
    await again(all, {
      source: {
        async read(take) {
          await take(all);
          await database.source.query(`INSERT INTO erased_call (call_sid, erasure_id) VALUES ('CA4', 'ER2')`);
          return all.length;
        },
      },
    });
    expect(await calls()).toEqual([{ call_sid: 'CA5' }]);
  });

  test('what is too old for the store does not come back', async () => {
    await again(facts, { policy: { transcriptDays: 1, callDays: 3_650 }, now: () => EPOCH + 3 * 86_400_000 });
    const { turn, call_log: calls } = await allRows(database.source);
    expect([turn, (calls as { transcript: unknown }[]).map(({ transcript }) => transcript)]).toEqual([
      [],
      [null, null, null],
    ]);
    await database.source.query('TRUNCATE call_log, turn');
    await again(facts, { policy: { transcriptDays: 1, callDays: 2 }, now: () => EPOCH + 3 * 86_400_000 });
    expect((await allRows(database.source))['call_log']).toEqual([]);
  });

  test('of calls that nobody made there is no row', async () => {
    const source = {
      read: (take: (own: readonly StoredFact[]) => Promise<void>) => take(facts).then(() => facts.length),
    };
    await again([], { source: withoutSyntheticCalls(source, (callSid) => callSid === 'CA2') });
    const calls: unknown = await database.source.query('SELECT call_sid FROM call_log ORDER BY 1');
    expect(calls).toEqual([{ call_sid: 'CA1' }, { call_sid: 'CA3' }]);
  });

  test('one at a time', async () => {
    const second = again(facts, {
      source: {
        async read() {
          await expect(again(facts)).rejects.toThrow('another rebuild is under way');
          return 0;
        },
      },
    });
    await second;
  });
});
