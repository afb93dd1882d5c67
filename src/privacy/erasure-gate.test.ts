import { beforeEach, expect, test } from 'vitest';
import { CallLogEntity } from '../../entities/call-log.ts';
import { ErasedCallEntity } from '../../entities/erased-call.ts';
import { ErasureEntity } from '../../entities/erasure.ts';
import { TurnEntity } from '../../entities/turn.ts';
import type { ErasureFact } from '../../machines/call-events.ts';
import { createCallLogProjector } from '../analytics/call-log.ts';
import { createConversationProjector } from '../analytics/projections.ts';
import { CALLER, EPOCH, startedAt, story, wholeCall } from '../analytics/story.fixture.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { closeGate, createErasureGate, markErased } from './erasure-gate.ts';
import { createErasureScreen } from './erasure-screen.ts';
import { createNumberKey } from './number-key.ts';

const key = createNumberKey('a secret of the tests');
const until = startedAt(3_600_000).getTime();
const erased: ErasureFact = {
  type: 'journal.erased',
  at: until,
  erasureId: 'ER1',
  numberHash: key.hash(CALLER),
  keyId: key.id,
  until,
};

await onBothDatabases((database) => {
  const gate = createErasureGate(key);
  const callLog = () => createCallLogProjector(database.source, gate);
  const conversation = () => createConversationProjector(database.source, Date.now, gate);
  const rows = async (callSid: string) => ({
    calls: await database.source.getRepository(CallLogEntity).countBy({ callSid }),
    turns: await database.source.getRepository(TurnEntity).countBy({ callSid }),
  });

  beforeEach(() =>
    database.source.query('TRUNCATE call_log, turn, tool_execution, call_epoch, erasure, erased_call, voicemail'),
  );

  test('what is told of an erased call after its erasure makes no row', async () => {
    await conversation()(story('CA1', wholeCall.slice(0, 9)));
    await database.source.transaction(async (manager) => {
      await closeGate(manager);
      await markErased(manager, [{ callSid: 'CA1', erasureId: 'ER1' }]);
      await manager.query(`DELETE FROM call_log; DELETE FROM turn`);
    });
    const facts = story('CA1', wholeCall);
    await callLog()(facts);
    await conversation()(facts);
    await conversation()(story('CA2', wholeCall));
    expect([await rows('CA1'), await rows('CA2')]).toEqual([
      { calls: 0, turns: 0 },
      { calls: 1, turns: 6 },
    ]);
  });

  test.each(['call log', 'conversation'])('the fact of an erasure erases: %s', async (which) => {
    await callLog()(story('CA1', wholeCall));
    await conversation()(story('CA1', wholeCall));
    const project = which === 'call log' ? callLog() : conversation();
    await project([{ callSid: 'CA1', epoch: EPOCH + 999_999, seq: 1, fact: erased }]);
    expect(await rows('CA1')).toEqual({ calls: 0, turns: 0 });
    const [row] = await database.source.getRepository(ErasureEntity).find();
    expect(row).toMatchObject({ id: 'ER1', numberHash: key.hash(CALLER), until: new Date(until) });
    expect(await database.source.getRepository(ErasedCallEntity).find()).toMatchObject([{ callSid: 'CA1' }]);
    await conversation()(story('CA1', wholeCall));
    expect(await rows('CA1')).toEqual({ calls: 0, turns: 0 });
  });

  test('a call that the erasure did not know is known by its number, up to the time of the erasure', async () => {
    await conversation()([{ callSid: 'ER1', epoch: EPOCH, seq: 1, fact: erased }]);
    const [arrived, ...rest] = wholeCall;
    if (!arrived || arrived === 'next epoch') throw new Error('no arrival');
    await conversation()(story('CA1', wholeCall));
    await conversation()(story('CA3', [{ ...arrived, at: until + 1 }, ...rest]));
    expect([await rows('CA1'), await rows('CA3'), await rows('ER1')]).toEqual([
      { calls: 0, turns: 0 },
      { calls: 1, turns: 6 },
      { calls: 0, turns: 0 },
    ]);
    // Without its arrival nothing tells whose call it is but the note that was taken then.
    await createConversationProjector(database.source, Date.now)(story('CA1', wholeCall).slice(3));
    expect(await rows('CA1')).toEqual({ calls: 0, turns: 0 });
  });

  test('facts that wait elsewhere are screened: those of erased calls are left out, what tells of an erasure stays', async () => {
    const screen = createErasureScreen(database.source, gate);
    const entriesOf = (facts: ReturnType<typeof story>) =>
      facts.map(({ callSid, epoch, seq, fact }) => ({ callSid, place: `${epoch}-${seq}`, json: JSON.stringify(fact) }));
    const told = entriesOf([{ callSid: 'CA1', epoch: EPOCH, seq: 99, fact: erased }]);
    const [arrived, ...rest] = wholeCall;
    if (!arrived || arrived === 'next epoch') throw new Error('no arrival');
    const other = entriesOf(story('CA3', [{ ...arrived, at: until + 1 }, ...rest]));
    const broken = { callSid: 'CA4', place: '1-1', json: 'no fact' };
    expect(await screen([...entriesOf(story('CA2', wholeCall)), ...told, ...other, broken])).toEqual([
      ...told,
      ...other,
      broken,
    ]);
    // By then it is known by its CallSid alone.
    expect(await screen(entriesOf(story('CA2', wholeCall)).slice(3))).toEqual([]);
  });

  test('rows in the making are waited for, and then deleted', async () => {
    const order: string[] = [];
    const made = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const projecting = database.source.transaction(async (manager) => {
      await gate(manager, story('CA1', wholeCall));
      await manager.insert(CallLogEntity, {
        callSid: 'CA1',
        fromNumber: CALLER,
        status: 'RINGING',
        startedAt: startedAt(),
      });
      made.resolve();
      await goOn.promise;
      order.push('made');
    });
    await made.promise;
    const erasing = database.source.transaction(async (manager) => {
      await closeGate(manager);
      order.push('closed');
      await manager.query(`DELETE FROM call_log`);
    });
    goOn.resolve();
    await Promise.all([projecting, erasing]);
    expect(order).toEqual(['made', 'closed']);
    expect(await rows('CA1')).toEqual({ calls: 0, turns: 0 });
  });
});
