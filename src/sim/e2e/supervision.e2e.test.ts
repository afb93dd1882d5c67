import { afterAll, beforeAll, expect, test } from 'vitest';
import { AuditEntryEntity } from '../../../entities/audit-entry.ts';
import { listenCodes } from '../../media/listen.ts';
import { TestListener } from '../../media/listen.fixture.ts';
import { accountOf } from '../account.ts';
import { Caller } from './caller.fixture.ts';
import { keepGolden } from './golden.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const KIM = '+12075550199';
const ASKED = 'How much is an oat milk latte?';

let world: World;

beforeAll(async () => {
  world = await startWorld({
    twilio: { staff: { [KIM]: { result: 'answers', afterS: 0.3, presses: '1', says: ['This is Kim.'] } } },
  });
});
afterAll(async () => {
  await world.stop();
  expect(world.complaints()).toEqual([]);
});

/** Posts a form of the console. */
async function post(callSid: string, what: string, fields: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${world.node.opsPort}/admin/calls/${callSid}/${what}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.adminToken}`, 'hx-request': 'true' },
    body: new URLSearchParams(fields),
  });
  const text = await response.text();
  expect([what, response.status, text.length > 0]).toEqual([what, 200, true]);
  return text;
}

async function listen(callSid: string): Promise<TestListener> {
  const { address, token } = JSON.parse(await post(callSid, 'listen')) as { address: string; token: string };
  // It is this process that has the call: the browser reaches it where the console is.
  expect(address).toBe('');
  return new TestListener(`ws://127.0.0.1:${world.node.opsPort}/listen`, token);
}

test('a supervisor listens, whispers, takes the call over and gives it back: the assistant goes on where it was', async () => {
  const caller = new Caller(world, '+12075550741');
  const { call } = caller;
  await caller.hear(GREETING);
  await caller.heardOut();
  const listener = await listen(call.sid);
  await eventually(
    async () => listener.caller.bytes,
    (bytes) => bytes > 0,
  );

  await post(call.sid, 'whisper', { note: 'Offer two bags of beans for the price of one.' });
  await caller.say(ASKED);
  await caller.hear('two bags of beans for the price of one');
  await caller.heardOut();
  expect(call.heardText()).toContain('5.25');
  expect(listener.words('caller')).toEqual([ASKED]);
  expect(listener.words('assistant').join(' ')).toContain('5.25');

  await post(call.sid, 'take-over', { phone: '+1 207 555 0199' });
  await caller.hear('I will put you through');
  await caller.hear('This is Kim.');
  expect(await listener.closed).toBe(listenCodes.over);
  const [phone] = call.dialed;
  // The key that takes the call cuts the words short.
  expect(phone?.ear.utterances()[0]?.speaker).toBe('line');
  const introduction = phone?.documents[0]?.twiml ?? '';
  expect(introduction).toContain('A call for Mangy Dog Coffee from 1 2 0 7 5 5 5 0 7 4 1.');
  expect(introduction).toContain(`the caller said: ${ASKED.replace('?', '')}`);
  await caller.sayAtOnce('Hello Kim.');
  await eventually(
    async () => phone?.ear.text(0, 'caller'),
    (text) => text === 'Hello Kim.',
  );

  await post(call.sid, 'give-back');
  await caller.hear('You are back with me.');
  await caller.heardOut();
  const again = await listen(call.sid);
  await caller.say('What did I just ask you?');
  await caller.hear(`You asked me: ${ASKED}`);
  await caller.heardOut();
  expect(again.words('caller')).toEqual(['What did I just ask you?']);
  await caller.hangUp();
  expect(await again.closed).toBe(listenCodes.over);

  const account = await accountOf(world, call);
  expect(account.facts.flatMap((fact) => ('by' in fact ? [[fact.type, fact.by]] : []))).toEqual([
    ['supervisor.whispered', 'ADMIN_TOKEN'],
    ['supervisor.tookOver', 'ADMIN_TOKEN'],
    ['supervisor.gaveBack', 'ADMIN_TOKEN'],
  ]);
  expect(call.streams).toHaveLength(2);
  expect(call.updates.map(({ status }) => status)).toEqual([200]);
  const entries = await world.rows
    .getRepository(AuditEntryEntity)
    .find({ where: { subject: call.sid }, order: { id: 'ASC' } });
  expect(entries.map(({ action }) => action)).toEqual([
    'call.listened',
    'call.whispered',
    'call.takenOver',
    'call.givenBack',
    'call.listened',
  ]);
  await keepGolden('taken over by a supervisor and given back', account.facts);
}, 120_000);
