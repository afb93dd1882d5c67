import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CallbackRequest, CallbackRequestEntity } from '../../entities/callback-request.ts';
import { seed } from '../../entities/seed/index.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createAudit, type Who } from './audit.ts';
import { callbackLimits, type CallbackQuery, createCallbackDesk } from './callback-desk.ts';
import { createCallbacks } from './callbacks.ts';

const HOUR_MS = 3_600_000;
const sid = (index: number) => `CA${String(index).padStart(32, '0')}`;
const maria: Who = { id: 'm', name: 'maria', role: 'supervisor' };
const ben: Who = { id: 'b', name: 'ben', role: 'supervisor' };
const open: CallbackQuery = { view: 'open', who: 'maria', after: null };

await onBothDatabases((database) => {
  const rows = () => database.source.getRepository(CallbackRequestEntity);
  const desk = () => createCallbackDesk({ dataSource: database.source, audit: createAudit(database.source) });
  const ask = (index: number, more: Partial<CallbackRequest> = {}) =>
    rows().insert({
      callSid: sid(index),
      number: '+12075550100',
      calledNumber: '+12075550142',
      windowStart: new Date(Date.now() - HOUR_MS),
      windowEnd: new Date(Date.now() + index * HOUR_MS),
      nextAttemptAt: new Date(Date.now() - HOUR_MS),
      createdAt: new Date(Date.now() - index * HOUR_MS),
      ...more,
    });
  const listed = async (query: CallbackQuery) =>
    (await desk().page(query)).requests.map(({ callSid }) => Number(callSid.slice(2)));
  const rowOf = (index: number) => rows().findOneByOrFail({ callSid: sid(index) });
  const seen = async (index: number) => ({ callSid: sid(index), version: (await rowOf(index)).version });
  const aida = () => createCallbacks(database.source);

  beforeEach(() => seed(database.source, Date.now()));
  afterEach(async () => {
    await rows().clear();
    await database.source.query('DELETE FROM audit_entry');
  });

  test('open requests are listed by when they were promised, those included that Aida has given up', async () => {
    await ask(3);
    await ask(1, { status: 'unanswered', assignee: 'maria' });
    await ask(2, { status: 'dialing' });
    await ask(4, { status: 'done' });
    await ask(5, { status: 'answered' });
    await ask(0, { windowEnd: new Date(Date.now() - HOUR_MS), createdAt: new Date() });
    expect(await listed(open)).toEqual([0, 1, 2, 3]);
    expect(await listed({ ...open, view: 'mine' })).toEqual([1]);
    expect(await listed({ ...open, view: 'done' })).toEqual([4, 5]);
    expect(await listed({ ...open, view: 'all' })).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await desk().counts(new Date())).toEqual({ open: 4, late: 1 });
  });

  test.each(['open', 'all'] as const)('pages of %s follow each other without gap or repeat', async (view) => {
    const count = callbackLimits.pageRows + 3;
    const same = new Date(Date.now() + HOUR_MS);
    for (let index = 0; index < count; index += 1) await ask(index, { windowEnd: same });
    await database.source.query(`UPDATE callback_request SET created_at = now(), window_end = now()`);
    const found: number[] = [];
    let after: string | null = null;
    do {
      const page = await desk().page({ ...open, view, after });
      found.push(...page.requests.map(({ callSid }) => Number(callSid.slice(2))));
      after = page.next;
    } while (after !== null);
    expect(found.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  describe('somebody calls', () => {
    test('meanwhile neither Aida nor anybody else does', async () => {
      await ask(1);
      const before = await seen(1);
      expect(await desk().take(before, maria)).toBe('changed');
      expect(await desk().take(before, ben)).toBe('stale');
      expect(await desk().take(await seen(1), ben)).toBe('busy');
      expect(await desk().wish(await seen(1), ben)).toBe('busy');
      expect(await aida().take(10, 'all')).toEqual([]);
      expect(await aida().stale()).toEqual([]);
      expect(await rowOf(1)).toMatchObject({
        status: 'calling',
        assignee: 'maria',
        attempts: 1,
        callingSince: expect.any(Date),
      });
    });

    test('and reached the caller: it is done', async () => {
      await ask(1);
      await desk().take(await seen(1), maria);
      expect(await desk().made(await seen(1), maria, 'reached', 3)).toBe('changed');
      expect(await rowOf(1)).toMatchObject({
        status: 'done',
        doneBy: 'maria',
        doneAt: expect.any(Date),
        callingSince: null,
      });
      expect(await desk().made(await seen(1), maria, 'reached', 3)).toBe('busy');
    });

    test.each([
      [3, 'open'],
      [1, 'unanswered'],
    ] as const)('and nobody answered: with %i attempts at most it is %s then', async (attemptsMax, status) => {
      await ask(1);
      await desk().take(await seen(1), maria);
      expect(await desk().made(await seen(1), maria, 'not reached', attemptsMax)).toBe('changed');
      const row = await rowOf(1);
      expect(row).toMatchObject({ status, attempts: 1, callingSince: null });
      expect(row.nextAttemptAt.getTime()).toBeGreaterThan(Date.now());
    });

    test('or did not after all: as if nothing had been', async () => {
      await ask(1);
      await desk().take(await seen(1), maria);
      expect(await desk().made(await seen(1), maria, 'put back', 3)).toBe('changed');
      expect(await rowOf(1)).toMatchObject({ status: 'open', attempts: 0, callingSince: null });
    });
  });

  test('Aida calls now whom somebody wants called, even if it had given up; not who is being called', async () => {
    await ask(1, { status: 'unanswered', attempts: 3, nextAttemptAt: new Date(Date.now() + HOUR_MS) });
    await ask(2, { status: 'dialing' });
    expect(await desk().wish(await seen(1), ben)).toBe('changed');
    expect(await desk().wish(await seen(2), ben)).toBe('busy');
    expect(await desk().take(await seen(2), maria)).toBe('busy');
    expect(await aida().isWanted()).toBe(true);
    expect((await aida().take(10, 'wished')).map(({ callSid }) => callSid)).toEqual([sid(1)]);
    expect(await rowOf(1)).toMatchObject({ status: 'dialing', attempts: 4, isWished: false });
  });

  test('settled without a call, and open again', async () => {
    await ask(1, { isWished: true });
    await desk().assign(await seen(1), ben, 'maria');
    await desk().note(await seen(1), ben, 'Came in person.');
    expect(await desk().finish(await seen(1), ben)).toBe('changed');
    expect(await rowOf(1)).toMatchObject({
      status: 'done',
      assignee: 'maria',
      note: 'Came in person.',
      doneBy: 'ben',
      isWished: false,
    });
    expect(await aida().isWanted()).toBe(false);
    expect(await desk().reopen(await seen(1), maria)).toBe('changed');
    expect(await rowOf(1)).toMatchObject({ status: 'open', doneAt: null, doneBy: '' });
    expect(await desk().reopen(await seen(1), maria)).toBe('busy');
    const noted = await createAudit(database.source).entries({ subject: sid(1) });
    expect(noted.map(({ whoName, action }) => `${whoName} ${action}`)).toEqual([
      'maria callback.reopened',
      'ben callback.done',
      'ben callback.noted',
      'ben callback.assigned',
    ]);
    expect(await desk().finish({ callSid: sid(9), version: 1 }, ben)).toBe('gone');
  });
});
