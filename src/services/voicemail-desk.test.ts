import { afterEach, describe, expect, test } from 'vitest';
import { type Voicemail, VoicemailEntity } from '../../entities/voicemail.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createAudit, type Who } from './audit.ts';
import { createVoicemailDesk, type MessageQuery, voicemailLimits } from './voicemail-desk.ts';

const NOON = Date.parse('2026-11-18T17:00:00Z');
const sid = (index: number) => `RE${String(index).padStart(32, '0')}`;
const maria: Who = { id: 'm', name: 'maria', role: 'supervisor' };
const ben: Who = { id: 'b', name: 'ben', role: 'admin' };
const open: MessageQuery = { view: 'open', who: 'maria', topic: null, after: null };

await onBothDatabases((database) => {
  const rows = () => database.source.getRepository(VoicemailEntity);
  const audit = () => createAudit(database.source);
  const desk = () => createVoicemailDesk({ dataSource: database.source, audit: audit() });
  const leave = (index: number, more: Partial<Voicemail> = {}) =>
    rows().insert({
      recordingSid: sid(index),
      callSid: `CA${index}`,
      fromNumber: '+12075550100',
      status: 'new',
      createdAt: new Date(NOON + index * 1_000),
      ...more,
    });
  const listed = async (query: MessageQuery) =>
    (await desk().page(query)).messages.map(({ recordingSid }) => Number(recordingSid.slice(2)));

  afterEach(async () => {
    await rows().clear();
    await database.source.query('DELETE FROM audit_entry');
  });

  test('open messages are listed oldest first, others newest first, and discarded ones nowhere', async () => {
    await leave(1, { doneAt: new Date(NOON), doneBy: 'maria' });
    await leave(2, { assignee: 'maria', topic: 'cake' });
    await leave(3, { status: 'heard', topic: 'jobs' });
    await leave(4, { status: 'discarded' });
    await leave(5, { status: 'lost', doneAt: new Date(NOON), doneBy: 'ben', topic: 'cake' });
    expect(await listed(open)).toEqual([2, 3]);
    expect(await listed({ ...open, view: 'mine' })).toEqual([2]);
    expect(await listed({ ...open, view: 'done' })).toEqual([5, 1]);
    expect(await listed({ ...open, view: 'all' })).toEqual([5, 3, 2, 1]);
    expect(await listed({ ...open, view: 'all', topic: 'cake' })).toEqual([5, 2]);
    expect(await desk().topics()).toEqual(['cake', 'jobs']);
    expect(await desk().counts()).toEqual({ open: 2, unheard: 1 });
    expect(await desk().message(sid(4))).toBeNull();
  });

  test.each(['open', 'all'] as const)(
    'pages of %s follow each other without gap or repeat, equal times too',
    async (view) => {
      const count = voicemailLimits.pageRows * 2 + 3;
      for (let index = 0; index < count; index += 1) await leave(index, { createdAt: new Date(NOON + (index >> 2)) });
      await database.source.query(`UPDATE voicemail SET created_at = created_at + interval '1 microsecond'
      WHERE recording_sid LIKE '%2' OR recording_sid LIKE '%3'`);
      const seen: string[] = [];
      let after: MessageQuery['after'] = null;
      do {
        const page = await desk().page({ ...open, view, after });
        seen.push(...page.messages.map(({ recordingSid }) => recordingSid));
        after = page.next;
      } while (after);
      expect(seen).toHaveLength(count);
      expect(new Set(seen).size).toBe(count);
    },
  );

  describe('changes', () => {
    test('who looks after it, what it is about, and that it is done', async () => {
      await leave(1);
      expect(await desk().assign({ recordingSid: sid(1), version: 1 }, ben, 'maria')).toBe('changed');
      const texts = { topic: 'wedding cake', note: 'Called, wants it on Friday.' };
      expect(await desk().describe({ recordingSid: sid(1), version: 2 }, maria, texts)).toBe('changed');
      expect(await desk().finish({ recordingSid: sid(1), version: 3 }, ben)).toBe('changed');
      expect(await desk().message(sid(1))).toMatchObject({
        assignee: 'maria',
        ...texts,
        doneBy: 'ben',
        doneAt: expect.any(Date),
        version: 4,
      });
      expect(await desk().reopen({ recordingSid: sid(1), version: 4 }, maria)).toBe('changed');
      expect(await desk().message(sid(1))).toMatchObject({ doneBy: '', doneAt: null });
      const noted = (await audit().entries({ subject: sid(1) })).map(({ whoName, action }) => `${whoName} ${action}`);
      expect(noted).toEqual([
        'maria voicemail.reopened',
        'ben voicemail.done',
        'maria voicemail.described',
        'ben voicemail.assigned',
      ]);
    });

    test('of two who saw the same state the second one is told so, and changes nothing', async () => {
      await leave(1);
      expect(await desk().assign({ recordingSid: sid(1), version: 1 }, maria, 'maria')).toBe('changed');
      expect(await desk().assign({ recordingSid: sid(1), version: 1 }, ben, 'ben')).toBe('stale');
      expect(await desk().message(sid(1))).toMatchObject({ assignee: 'maria', version: 2 });
      expect(await audit().entries({ subject: sid(1) })).toHaveLength(1);
    });

    test('what is discarded is gone for everybody, and only once', async () => {
      await leave(1, { note: 'private' });
      expect(await desk().discard({ recordingSid: sid(1), version: 1 }, ben)).toBe('changed');
      expect(await desk().discard({ recordingSid: sid(1), version: 1 }, ben)).toBe('gone');
      expect(await desk().assign({ recordingSid: sid(1), version: 1 }, maria, 'maria')).toBe('gone');
      expect(await desk().finish({ recordingSid: sid(2), version: 1 }, maria)).toBe('gone');
      expect(await rows().findOneByOrFail({ recordingSid: sid(1) })).toMatchObject({ status: 'discarded', note: '' });
      expect(await desk().counts()).toEqual({ open: 0, unheard: 0 });
    });
  });
});
