import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CallbackRequestEntity } from '../../../entities/callback-request.ts';
import { KnowledgeDocumentEntity } from '../../../entities/knowledge-document.ts';
import { type Promotion, PromotionEntity } from '../../../entities/promotion.ts';
import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { VoicemailEntity } from '../../../entities/voicemail.ts';
import { readBlocks } from '../../directory/callers.ts';
import { readConsoleChanges } from '../../directory/console-changes.ts';
import { jobKeys, nodeOrderKey, nodeReportKey, placementKeyList } from '../../directory/keys.ts';
import { readNodeOrder } from '../../directory/node-desk.ts';
import { readAudit, readSwitches, setSwitch } from '../../directory/switches.ts';
import { AuditEntryEntity } from '../../../entities/audit-entry.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';
import { aliveNode, callSid, fillDesk, HOSTILE, NOON, recordingSid } from './desk.fixture.ts';

let console: TestConsole;
const [MESSAGE, CALLBACK] = [`/admin/voicemail/${recordingSid(1)}`, `/admin/callbacks/${callSid(1)}`];

beforeAll(async () => {
  console = await startConsole({ now: () => NOON, toolNames: ['get_menu'] }, fillDesk);
});
afterAll(() => console.close());

const plain = (page: string) => page.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
const messageOf = (index: number) =>
  console.source.getRepository(VoicemailEntity).findOneByOrFail({ recordingSid: recordingSid(index) });
const requestOf = (index: number) =>
  console.source.getRepository(CallbackRequestEntity).findOneByOrFail({ callSid: callSid(index) });
const audited = async () =>
  (await console.source.getRepository(AuditEntryEntity).find({ order: { id: 'DESC' }, take: 1 })).map(
    ({ whoName, action, subject }) => [whoName, action, subject],
  )[0];

describe('voicemail', () => {
  test('what callers said is text; their numbers are whole only for those who call back', async () => {
    const asViewer = await console.get('/admin/voicemail', 'viewer');
    expect(asViewer.status).toBe(200);
    expect(asViewer.text).not.toContain('<img src=x');
    expect(asViewer.text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(asViewer.text).toContain('••• 0101');
    expect(asViewer.text).not.toContain('+12075550101');
    const asSupervisor = await console.get(MESSAGE, 'supervisor');
    expect(asSupervisor.text).toContain('href="tel:+12075550101"');
  });

  test('it is assigned to people who may work, done, and opened again; every page that is open learns of it', async () => {
    const before = (await readConsoleChanges(console.link)).get('voicemails');
    await console.session('supervisor', 'maria');
    const assigned = await console.post(`${MESSAGE}/assign`, { version: '1', assignee: 'maria' }, 'supervisor');
    expect([assigned.status, assigned.location]).toEqual([303, '/admin/voicemail']);
    await console.post(`${MESSAGE}/done`, { version: '2', back: '/admin/voicemail?view=mine' }, 'supervisor');
    expect(await messageOf(1)).toMatchObject({ assignee: 'maria', doneBy: 'supervisor', version: 3 });
    expect(await audited()).toEqual(['supervisor', 'voicemail.done', recordingSid(1)]);
    await console.post(`${MESSAGE}/reopen`, { version: '3' }, 'supervisor');
    await console.post(`${MESSAGE}/assign`, { version: '4', assignee: 'nobody-we-know' }, 'supervisor');
    expect(await messageOf(1)).toMatchObject({ assignee: '', doneAt: null });
    expect((await readConsoleChanges(console.link)).get('voicemails')).not.toBe(before);
  });

  test('a form never leads to another page than those of the list', async () => {
    const { version } = await messageOf(3);
    const path = `/admin/voicemail/${recordingSid(3)}`;
    const away = await console.post(`${path}/assign`, { version: String(version), back: 'https://evil.example' });
    expect(away.location).toBe('/admin/voicemail');
  });

  test('two write a note: who comes second keeps what was typed, sees the other one, and may save over it', async () => {
    const { version } = await messageOf(3);
    const path = `/admin/voicemail/${recordingSid(3)}`;
    await console.post(`${path}/describe`, { version: String(version), topic: 'gift cards', note: 'Yes, we do.' });
    const late = { version: String(version), topic: 'cards', note: `No. ${HOSTILE}` };
    const refused = await console.post(`${path}/describe`, late, 'supervisor');
    expect(refused.status).toBe(409);
    expect(plain(refused.text)).toContain('gift cards');
    expect(refused.text).toContain('No. &lt;img');
    expect(await messageOf(3)).toMatchObject({ note: 'Yes, we do.', topic: 'gift cards' });
    await console.post(`${path}/describe`, { ...late, version: String(version + 1) }, 'supervisor');
    expect(await messageOf(3)).toMatchObject({ topic: 'cards', note: `No. ${HOSTILE}` });
  });

  test('a deleted one is off every list, and a job deletes it wherever it is', async () => {
    const path = `/admin/voicemail/${recordingSid(4)}`;
    const deleted = await console.post(`${path}/delete`, { version: '1', back: path }, 'supervisor');
    expect([deleted.status, deleted.location]).toEqual([303, '/admin/voicemail']);
    expect((await messageOf(4)).status).toBe('discarded');
    expect((await console.get(path)).status).toBe(404);
    const jobs = await console.link.command('hkeys', jobKeys('bulk').job);
    expect(JSON.stringify(jobs)).toContain(`recording.delete|voicemail:${recordingSid(4)}`);
    expect((await console.post(`${path}/delete`, { version: '1' }, 'viewer')).status).toBe(403);
  });
});

describe('call-backs', () => {
  const policy = (more: object) => console.source.getRepository(StoreSettingsEntity).update({ id: 1 }, more);

  test('who calls has it for themselves, with the number to dial, and says how it went', async () => {
    const taken = await console.post(`${CALLBACK}/call`, { version: '1', back: CALLBACK }, 'supervisor');
    expect(taken.location).toBe(CALLBACK);
    const page = await console.get(CALLBACK, 'supervisor');
    expect(page.text).toContain('href="tel:+12075550201"');
    expect(plain(page.text)).toContain('How did it go?');
    const rival = await console.post(`${CALLBACK}/call`, { version: '1' }, 'admin');
    expect(rival.location).toBe(`${CALLBACK}?changed=1`);
    await console.post(`${CALLBACK}/made`, { version: '2', how: 'missed' }, 'supervisor');
    expect(await requestOf(1)).toMatchObject({ status: 'open', attempts: 1, assignee: 'supervisor' });
  });

  test('Aida is asked to call within its hours only', async () => {
    const path = `/admin/callbacks/${callSid(4)}`;
    await policy({ callbackOpenTime: '13:00' });
    const refused = await console.post(`${path}/wish`, { version: '1' }, 'supervisor');
    expect(refused.status).toBe(409);
    expect(plain(refused.text)).toContain('Aida calls from 13:00 to');
    await policy({ callbackOpenTime: '09:00' });
    await console.post(`${path}/wish`, { version: '1' }, 'supervisor');
    expect(await requestOf(4)).toMatchObject({ status: 'open', isWished: true });
    const dialed = await console.post(`/admin/callbacks/${callSid(3)}/wish`, { version: '1' }, 'supervisor');
    expect(dialed.location).toBe(`/admin/callbacks/${callSid(3)}?changed=1`);
  });
});

describe('promotions', () => {
  const rows = () => console.source.getRepository(PromotionEntity);
  const form = (more: Record<string, string> = {}) => ({
    name: 'Scone Sunday',
    startsLocal: '2027-01-10T07:00',
    endsLocal: '2027-01-10T18:00',
    offer: 'Two scones for one',
    'questions.0.question': 'With jam?',
    'questions.0.answer': 'Of course.',
    ...more,
  });

  test('what cannot be saved comes back with everything that was typed, and a sentence beside its field', async () => {
    const refused = await console.post(
      '/admin/promotions/new',
      form({ endsLocal: '2027-01-09T07:00', offer: HOSTILE }),
      'supervisor',
    );
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('It would end before it begins');
    expect(refused.text).toContain('&lt;img src=x');
    for (const value of ['Scone Sunday', '2027-01-10T07:00', 'With jam?', 'Of course.'])
      expect(refused.text).toContain(value);
    expect(await rows().countBy({ name: 'Scone Sunday' })).toBe(0);
  });

  test('it is planned, and the preview says what callers will hear, word for word', async () => {
    const made = await console.post('/admin/promotions/new', form(), 'supervisor');
    expect(made.status).toBe(303);
    const page = plain((await console.get(made.location ?? '', 'viewer')).text);
    expect(page).toContain('Scone Sunday, until 18:00 on Sunday, January 10: Two scones for one.');
    expect(page).toContain('Scone Sunday is sold out and can no longer be had.');
    const looked = await console.post('/admin/promotions/preview', form({ name: 'Bun Monday' }), 'supervisor');
    expect(plain(looked.text)).toContain('Bun Monday, until 18:00 on Sunday, January 10.');
  });

  test('two change it: who comes second sees both, and may save over it', async () => {
    const before = await rows().findOneByOrFail({ name: 'Scone Sunday' });
    const path = `/admin/promotions/${before.id}/edit`;
    const version = String(before.version);
    expect((await console.post(path, form({ version, terms: 'One each' }), 'admin')).status).toBe(303);
    const refused = await console.post(path, form({ version, offer: 'Three for one' }), 'supervisor');
    expect(refused.status).toBe(409);
    expect(plain(refused.text)).toContain('ada changed this promotion meanwhile');
    expect(plain(refused.text)).toMatch(/Offer Two scones for one Three for one/);
    const again = String(before.version + 1);
    expect((await console.post(path, form({ version: again, offer: 'Three for one' }), 'supervisor')).status).toBe(303);
    expect(await rows().findOneByOrFail({ id: before.id })).toMatchObject({ offer: 'Three for one', terms: '' });
  });

  test('sold out, over at once, deleted: each where it makes sense', async () => {
    const all = await rows().find({ order: { startsLocal: 'ASC' } });
    const running = all.find(
      ({ startsLocal, endsLocal }) => startsLocal < '2026-11-18T12:00' && '2026-11-18T12:00' < endsLocal,
    );
    const coming = await rows().findOneByOrFail({ name: 'Scone Sunday' });
    const act = (promotion: Promotion | undefined, what: string, more = {}) =>
      console.post(
        `/admin/promotions/${promotion?.id}/${what}`,
        { version: String(promotion?.version), ...more },
        'supervisor',
      );
    expect((await act(running, 'delete')).location).toBe(`/admin/promotions/${running?.id}?changed=1`);
    expect((await act(coming, 'end')).location).toBe(`/admin/promotions/${coming.id}?changed=1`);
    await act(running, 'sold-out', { soldOut: 'on' });
    await console.post(
      `/admin/promotions/${running?.id}/end`,
      { version: String((running?.version ?? 0) + 1) },
      'supervisor',
    );
    expect(await rows().findOneByOrFail({ id: running?.id ?? 0 })).toMatchObject({
      soldOut: true,
      endsLocal: '2026-11-18T12:00',
    });
    expect((await act(coming, 'delete')).location).toBe('/admin/promotions');
    expect(await rows().countBy({ name: 'Scone Sunday' })).toBe(0);
  });
});

describe('unanswered questions', () => {
  test('one click makes a draft that is not quoted, and takes the question off the list', async () => {
    const list = await console.get('/admin/questions', 'supervisor');
    const [, hash = ''] = /\/admin\/questions\/([0-9a-f]{64})\/draft/.exec(list.text) ?? [];
    expect(plain(list.text)).toMatch(/do you have oat cream\?? Asked 2 times/i);
    const made = await console.post(`/admin/questions/${hash}/draft`, {}, 'supervisor');
    const [, id = ''] = /^\/admin\/knowledge-base\/document\/(\d+)$/.exec(made.location ?? '') ?? [];
    const document = await console.source.getRepository(KnowledgeDocumentEntity).findOneByOrFail({ id: Number(id) });
    expect(document).toMatchObject({ isDraft: true, body: '', question: expect.stringMatching(/oat cream/i) });
    expect((await console.get(made.location ?? '', 'supervisor')).status).toBe(200);
    expect((await console.get('/admin/questions', 'supervisor')).text).not.toContain(hash);
    expect((await console.get('/admin/questions?view=settled')).text).toContain(made.location);
  });
});

describe('operations', () => {
  const ops = async () => plain((await console.get('/admin/ops', 'viewer')).text);

  beforeEach(async () => {
    const names = ['node-1', 'node-2', 'node-10'].map((node) => ({ node, incarnation: `${node}-1` }));
    await console.link.command(
      'del',
      ...placementKeyList,
      ...names.flatMap((name) => [nodeOrderKey(name), nodeReportKey(name)]),
    );
  });

  test('nodes, room and what bounds it, by what the nodes say; one that says nothing is shown all the same', async () => {
    await aliveNode(console.link, 'node-1', { held: 12, reserved: 1 });
    await aliveNode(console.link, 'node-10', { held: 7, reason: 'loop', capacity: 7 });
    const page = await ops();
    expect(page).toContain('19 of 107');
    expect(page).toContain('41 bounded by tokens of the model’s account');
    expect(page).toMatch(/node-1 serving 12 1 100 as configured .* node-10 no time for more 7 0 7/);
  });

  test('a switch asks with the words that callers hear, wants a reason, and is audited in both logs', async () => {
    const asked = plain((await console.get('/admin/ops/switch?name=rung&value=voicemail', 'admin')).text);
    expect(asked).toContain('Please leave a message after the tone');
    const silent = await console.post('/admin/ops/switch', { name: 'rung', value: 'voicemail', reason: ' ' });
    expect([silent.status, await readSwitches(console.link)]).toEqual([422, {}]);
    await console.post('/admin/ops/switch', { name: 'rung', value: 'voicemail', reason: HOSTILE });
    expect((await readSwitches(console.link))['rung']).toMatchObject({
      value: 'voicemail',
      by: 'ada',
      reason: HOSTILE,
    });
    expect((await readAudit(console.link, 1))[0]).toMatchObject({ name: 'rung', by: 'ada' });
    expect(await audited()).toEqual(['ada', 'switch.set', 'rung']);
    expect((await console.get('/admin/ops')).text).not.toContain('<img src=x');
    expect(await ops()).toContain('New callers are asked for a message since');
    await console.post('/admin/ops/switch', { name: 'rung', value: '', reason: 'over' });
    expect(await readSwitches(console.link)).toEqual({});
  });

  test.each([
    ['rung', 'dance'],
    ['admission', 'on'],
    ['calls-max', '-1'],
    ['tool:rm_rf', 'off'],
    ['nothing', 'off'],
  ])('there is no switch %s %s', async (name, value) => {
    const answer = await console.post('/admin/ops/switch', { name, value, reason: 'why not' });
    expect([answer.status, await readSwitches(console.link)]).toEqual([422, {}]);
  });

  test('what a newer release has set can be cleared here too', async () => {
    await setSwitch(console.link, { name: 'future', value: 'x', by: 'somebody', reason: 'why' });
    await console.post('/admin/ops/switch', { name: 'future', value: '', reason: 'unknown here' });
    expect(await readSwitches(console.link)).toEqual({});
  });

  test('a drain is ordered of the process that was seen, with a reason, and shown to everybody until it has left', async () => {
    await aliveNode(console.link, 'node-1', { held: 12 });
    await aliveNode(console.link, 'node-2', { held: 3 });
    const path = '/admin/ops/nodes/node-2';
    const order = { incarnation: 'node-2-1', reason: 'new release' };
    expect((await console.post(`${path}/drain`, order, 'supervisor')).status).toBe(403);
    expect((await console.post(`${path}/drain`, { ...order, incarnation: 'node-2-0' })).status).toBe(409);
    expect((await console.post(`${path}/drain`, { ...order, reason: '' })).status).toBe(422);
    const self = { node: 'node-2', incarnation: 'node-2-1' };
    expect(await readNodeOrder(console.link, self)).toBeNull();
    expect((await console.post(`${path}/drain`, order)).location).toBe(path);
    expect(await readNodeOrder(console.link, self)).toEqual({ kind: 'drain', urgent: false });
    expect(await audited()).toEqual(['ada', 'node.drained', 'node-2']);
    const drain = { stage: 'finishing', calls: 3, expected: 1, handedOver: 0, finishInMs: 42_000 } as const;
    await aliveNode(console.link, 'node-2', { held: 3, capacity: 0, drain });
    expect(await ops()).toContain(
      '3 calls here, 1 on their way, 0 handed over; what is left then is handed over in 42 s.',
    );
    await aliveNode(console.link, 'node-2', {
      drain: { ...drain, stage: 'left', calls: 0, expected: 0, handedOver: 3 },
    });
    await console.link.command('hdel', '{pl}:node', 'node-2');
    expect(plain((await console.get(path)).text)).toContain('Has left; 3 calls were handed over.');
    await console.post('/admin/ops/nodes/node-1/drain', { incarnation: 'node-1-1', reason: 'fire', urgent: 'on' });
    expect(await readNodeOrder(console.link, { node: 'node-1', incarnation: 'node-1-1' })).toMatchObject({
      urgent: true,
    });
  });

  test('a caller is blocked by a whole number for some hours, and unblocked', async () => {
    const wrong = await console.post('/admin/ops/block', { number: '0207', hours: '0', reason: '' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('value="0207"');
    for (const said of ['A number with its country', 'A whole number of hours', 'Say why'])
      expect(wrong.text).toContain(said);
    await console.post('/admin/ops/block', { number: '+1 (503) 555-0199', hours: '2', reason: 'a robot' });
    expect((await readBlocks(console.link)).map(({ caller, by }) => [caller, by])).toEqual([['+15035550199', 'ada']]);
    expect((await console.get('/admin/ops', 'viewer')).text).not.toContain('+15035550199');
    await console.post('/admin/ops/unblock', { number: '+15035550199' });
    expect(await readBlocks(console.link)).toEqual([]);
  });
});
