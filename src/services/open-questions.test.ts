import { afterEach, expect, test } from 'vitest';
import { ask, HOSTILE, NOON } from '../console/desk/desk.fixture.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createAudit, type Who } from './audit.ts';
import { createOpenQuestions, openQuestionLimits } from './open-questions.ts';

const maria: Who = { id: 'm', name: 'maria', role: 'supervisor' };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

await onBothDatabases((database) => {
  let now = NOON;
  const audit = () => createAudit(database.source);
  const questions = () => createOpenQuestions({ dataSource: database.source, audit: audit(), now: () => now });
  const listed = async (view: 'open' | 'settled') =>
    (await questions().list(view)).map(({ question, asked }) => [question, asked]);

  afterEach(async () => {
    now = NOON;
    for (const table of ['call_figure', 'call_understanding', 'question_note', 'audit_entry'])
      await database.source.query(`DELETE FROM ${table}`);
  });

  test('questions spelled alike are one, the most frequent first, as it was asked last; old ones are left out', async () => {
    await ask(database.source, 1, ['Do you have oat cream?', 'Is there parking?'], NOON - 3 * MINUTE_MS);
    await ask(database.source, 2, ['do you have  OAT cream'], NOON - 2 * MINUTE_MS);
    await ask(database.source, 3, [HOSTILE, '?!'], NOON - MINUTE_MS);
    await ask(database.source, 4, ['Is it far?'], NOON - (openQuestionLimits.days + 1) * DAY_MS);
    expect(await listed('open')).toEqual([
      ['do you have  OAT cream', 2],
      [HOSTILE, 1],
      ['Is there parking?', 1],
    ]);
    const [first] = await questions().list('open');
    expect(first?.callSids).toHaveLength(2);
    expect(first?.lastAt).toEqual(new Date(NOON - 2 * MINUTE_MS));
    expect(await questions().count()).toBe(3);
    expect((await questions().question(first?.hash ?? ''))?.asked).toBe(2);
  });

  test('what is settled is off the list until it is asked again, and what was done stays beside it', async () => {
    await ask(database.source, 1, ['Is there parking?'], NOON - MINUTE_MS);
    const [found] = await questions().list('open');
    const hash = found?.hash ?? '';
    await questions().settle(hash, maria, { state: 'drafted', documentKey: '12' });
    expect([await listed('open'), await listed('settled')]).toEqual([[], [['Is there parking?', 1]]]);
    await ask(database.source, 2, ['is there parking'], NOON + 2 * MINUTE_MS);
    now = NOON + 3 * MINUTE_MS;
    const [again] = await questions().list('open');
    expect(again).toMatchObject({ asked: 2, isOpen: true, note: { state: 'drafted', documentKey: '12', by: 'maria' } });
    await questions().settle(hash, maria, { state: 'dismissed', documentKey: null });
    expect(await listed('open')).toEqual([]);
    await questions().reopen(hash, maria);
    await questions().reopen(hash, maria);
    expect((await questions().list('open'))[0]).toMatchObject({ isOpen: true, note: null });
    const noted = await audit().entries({ subject: hash });
    expect(noted.map(({ action }) => action)).toEqual(['question.reopened', 'question.dismissed', 'question.drafted']);
  });
});
