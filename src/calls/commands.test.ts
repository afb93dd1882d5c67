import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownerOf } from '../directory/claims.ts';
import { command, commandMessage, type CommandResult, type Deed } from '../directory/commands.ts';
import { heartbeat } from '../directory/fleet.ts';
import { writeInbox } from '../directory/inbox.ts';
import { commandKey, inboxKey } from '../directory/keys.ts';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import type { StaffFound } from '../services/staff-desk.ts';
import { arrive, askNext, epochIn, fakeCarrier, FakePort, farewell, newSid, render } from './calls.fixture.ts';
import type { CallView } from './call-door.ts';
import type { CarrierAnswer } from './carrier.ts';
import { TestFleet, type TestNode } from './fleet.fixture.ts';

const LATE = { timeout: 10_000 };
const KIM = '+12075550199';
const ANN = '+12075550143';
let redis: RedisServer;
let fleet: TestFleet;
let [holder, other]: [TestNode, TestNode] = [] as never;
let redirected: string[];
let carrierSays: CarrierAnswer;
let staffSays: StaffFound;
let freed: string[];
/** While somebody of the staff is sought. */
let whileSought: () => void;

beforeAll(async () => {
  redis = await startRedis();
});

beforeEach(async () => {
  fleet = await TestFleet.start(redis.url);
  [redirected, carrierSays, staffSays, freed] = [[], 'done', { kind: 'closed' }, []];
  whileSought = () => undefined;
  const over = {
    carrier: fakeCarrier({
      redirect: async (callSid, url) => {
        redirected.push(`${callSid} ${url}`);
        return carrierSays;
      },
    }),
    staff: {
      reserve: async () => {
        whileSought();
        return staffSays;
      },
      leave: async (callSid: string) => void freed.push(callSid),
    },
  };
  [holder, other] = [await fleet.node('n1', undefined, over), await fleet.node('n2', undefined, over)];
  for (const { name } of [holder, other]) await beat(name);
});

afterEach(() => fleet.close());

afterAll(() => redis.stop());

const beat = (name: TestNode['name']) =>
  heartbeat(fleet.link, {
    self: { ...name, nodeUrl: '', mediaUrl: '', version: '' },
    capacity: 10,
    liveCalls: 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: 1,
    model: null,
  });

let ids = 0;
function order(callSid: string, deed: Deed, ms = 5_000) {
  return { id: `c${(ids += 1)}`, callSid, by: 'Kim', deed, expiresAt: Date.now() + ms };
}
const act = (callSid: string, deed: Deed): Promise<CommandResult> =>
  command(fleet.link, order(callSid, deed), Date.now);

const done = { kind: 'done' };
const refused = (why: string) => ({ kind: 'refused', why });
const whisper: Deed = { kind: 'whisper', text: 'offer the refund' };
const takeOver: Deed = { kind: 'takeOver', to: KIM };
const types = async (callSid: string) => (await fleet.facts(callSid)).map(({ type }) => type);

async function viewAfterNext(callSid: string): Promise<CallView> {
  const seen: CallView[] = [];
  await other.calls.answer({
    callSid,
    idempotencyToken: null,
    kind: 'next',
    fact: { type: 'carrier.nextAsked', intent: null, breaks: 0 },
    render: (view) => {
      seen.push(view);
      return render(view);
    },
  });
  const [view] = seen;
  if (!view) throw new Error('not rendered');
  return view;
}

/** A call that talks with the assistant, at rest. */
async function talk() {
  const talking = await holder.talk();
  talking.call.tell({ type: 'caller.speechStopped', itemId: 'u1' });
  for (const fact of farewell) talking.call.tell(fact);
  return talking;
}

/** A call that a supervisor has at the phone. */
async function takenOver(): Promise<string> {
  const { callSid, call, port } = await talk();
  expect(await act(callSid, takeOver)).toEqual(done);
  await port.saw('play connecting en');
  call.tell({ type: 'assistant.fellSilent' });
  await port.saw('end left');
  call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'left' });
  expect(await viewAfterNext(callSid)).toMatchObject({ state: 'dialing', ringing: KIM, supervisor: 'Kim' });
  return callSid;
}

describe('a call whose stream a node holds', () => {
  test('has a note in its journal and with the model, without what nobody may keep', async () => {
    const { callSid, port } = await talk();
    expect(await act(callSid, { kind: 'whisper', text: 'card 4111111111111111 is declined' })).toEqual(done);
    const note = (await fleet.facts(callSid)).find(({ type }) => type === 'supervisor.whispered');
    expect(note).toMatchObject({ by: 'Kim', text: expect.not.stringContaining('4111') as string });
    expect(port.asked.at(-1)).toMatch(/^note note_c\d+ card \[/);
  });

  test('tells the next session the note where it was written', async () => {
    const { callSid, call, port } = await talk();
    await act(callSid, whisper);
    call.tell({ type: 'model.lost', code: 'closed_1006', fatal: false });
    expect(port.seeds.at(-1)?.map(({ who }) => who)).toEqual(['assistant', 'caller', 'assistant', 'supervisor']);
  });

  test('leaves for the supervisor’s phone after a sentence, and is given back where it was', async () => {
    const callSid = await takenOver();
    expect(await act(callSid, { kind: 'giveBack' })).toEqual(done);
    expect(redirected).toEqual([`${callSid} https://aida.example.com/voice/next`]);
    const { state, epoch } = await viewAfterNext(callSid);
    expect(state).toBe('ringing');
    const port = new FakePort();
    const call = await other.calls.attach({ callSid, epoch, streamSid: 'MZ2', port });
    if (typeof call === 'string') throw new Error(call);
    call.begin();
    await port.saw('open returned');
    expect(port.seeds.at(-1)).toMatchObject([{ text: 'Welcome' }, { who: 'caller' }, { text: 'Good bye' }]);
  });

  test('goes to whoever of the staff is free, or in line', async () => {
    staffSays = { kind: 'busy', place: 2 };
    const { callSid, port } = await talk();
    expect(await act(callSid, { kind: 'transfer' })).toEqual({ kind: 'done', place: 2 });
    staffSays = { kind: 'busy', place: 0 };
    expect(await act(callSid, { kind: 'transfer' })).toEqual(refused('allBusy'));
    staffSays = { kind: 'closed' };
    expect(await act(callSid, { kind: 'transfer' })).toEqual(refused('staffAway'));
    expect(port.asked.filter((asked) => asked.startsWith('play'))).toEqual([]);
    staffSays = { kind: 'ring', ring: { number: ANN, hold: '1', ringS: 20, isWarm: true } };
    expect(await act(callSid, { kind: 'transfer' })).toEqual(done);
    await port.saw('play connecting en');
    expect((await fleet.facts(callSid)).at(-1)).toMatchObject({ type: 'supervisor.transferred', to: ANN });
  });

  test('keeps nobody of the staff who was found after it had left for something else', async () => {
    const { callSid, call } = await talk();
    staffSays = { kind: 'ring', ring: { number: ANN, hold: '1', ringS: 20, isWarm: true } };
    whileSought = () => call.tell({ type: 'carrier.dtmf', digit: '0' });
    expect(await act(callSid, { kind: 'transfer' })).toEqual(refused('moving'));
    expect(await types(callSid)).not.toContain('supervisor.transferred');
    expect(freed).toEqual([callSid]);
  });

  test('is hung up on after a goodbye that the caller cannot talk away', async () => {
    const { callSid, call, port } = await talk();
    expect(await act(callSid, { kind: 'hangUp' })).toEqual(done);
    await port.saw('play farewell en');
    call.tell({ type: 'caller.speechStarted', itemId: 'u2' });
    call.tell({ type: 'assistant.fellSilent' });
    await port.saw('end left');
    call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'left' });
    expect((await viewAfterNext(callSid)).state).toBe('hangingUp');
  });

  test('cannot be given back by who does not have it', async () => {
    const { callSid } = await talk();
    expect(await act(callSid, { kind: 'giveBack' })).toEqual(refused('withAssistant'));
    expect(await types(callSid)).not.toContain('supervisor.gaveBack');
  });

  test('is reached from whichever node the message lands at', async () => {
    const { callSid, port } = await talk();
    const sent = order(callSid, whisper);
    await writeInbox(fleet.link, other.name, commandMessage(sent));
    await port.saw(`note note_${sent.id} offer the refund`);
    await expect.poll(() => fleet.link.command('get', commandKey(sent.id)), LATE).toBe('{"kind":"done"}');
  });

  test('is told the same once, however often it was written', async () => {
    const { callSid, port } = await talk();
    const sent = order(callSid, whisper);
    for (const _ of [1, 2]) await writeInbox(fleet.link, holder.name, commandMessage(sent));
    const after = order(callSid, { kind: 'whisper', text: 'after' });
    expect(await command(fleet.link, after, Date.now)).toEqual(done);
    expect(port.asked.filter((asked) => asked.startsWith('note'))).toHaveLength(2);
  });
});

describe('a call that nobody holds', () => {
  test('keeps a note for the session to come', async () => {
    const callSid = newSid();
    const epoch = epochIn(await arrive(holder.calls, callSid));
    expect(await act(callSid, whisper)).toEqual(done);
    const port = new FakePort();
    const call = await holder.calls.attach({ callSid, epoch, streamSid: 'MZ1', port });
    if (typeof call === 'string') throw new Error(call);
    call.begin();
    expect(port.seeds).toEqual([
      [{ who: 'supervisor', itemId: expect.stringMatching(/^note_/) as string, text: 'offer the refund' }],
    ]);
  });

  test('is taken over by claim and REST wherever it stands', async () => {
    const callSid = newSid();
    await arrive(holder.calls, callSid);
    expect(await act(callSid, takeOver)).toEqual(done);
    expect(redirected).toHaveLength(1);
    expect(await viewAfterNext(callSid)).toMatchObject({ state: 'dialing', ringing: KIM, supervisor: 'Kim' });
    // The answer may not have reached the carrier, which asks again.
    expect(await viewAfterNext(callSid)).toMatchObject({ state: 'dialing', ringing: KIM, supervisor: 'Kim' });
    expect(await fleet.broken(callSid)).toBe(1);
  });

  test('stays where it is when the carrier does not do it, and its next question finds no intent', async () => {
    const callSid = await takenOver();
    carrierSays = 'failed';
    expect(await act(callSid, { kind: 'giveBack' })).toEqual(refused('carrier'));
    expect((await ownerOf(fleet.link, callSid))?.intent).toBeNull();
    expect((await types(callSid)).slice(-2)).toEqual(['supervisor.gaveBack', 'intent.withdrawn']);
  });

  test('is over when the carrier says so', async () => {
    const callSid = await takenOver();
    carrierSays = 'gone';
    expect(await act(callSid, { kind: 'hangUp' })).toEqual(refused('ended'));
    expect((await ownerOf(fleet.link, callSid))?.ended).toBe('completed');
    expect(await act(callSid, whisper)).toEqual(refused('ended'));
  });

  test('frees whoever of the staff was kept for it in vain', async () => {
    const callSid = newSid();
    await arrive(holder.calls, callSid);
    staffSays = { kind: 'ring', ring: { number: ANN, hold: '1', ringS: 20, isWarm: true } };
    carrierSays = 'busy';
    expect(await act(callSid, { kind: 'transfer' })).toEqual(refused('carrier'));
    expect(freed).toEqual([callSid]);
  });

  test('is not taken back from the staff, nor put through to them twice', async () => {
    const { callSid, call } = await talk();
    call.tell({ type: 'carrier.dtmf', digit: '0' });
    await expect.poll(async () => (await ownerOf(fleet.link, callSid))?.intent?.kind, LATE).toBe('transfer');
    call.tell({ type: 'carrier.streamStopped', streamSid: `MZ${callSid}`, reason: 'left' });
    await askNext(other.calls, callSid);
    expect(await act(callSid, { kind: 'giveBack' })).toEqual(refused('withStaff'));
    expect(await act(callSid, { kind: 'transfer' })).toEqual(refused('withStaff'));
    expect(redirected).toEqual([]);
    expect((await ownerOf(fleet.link, callSid))?.state).toBe('dialing');
  });

  test('whose holder is gone is taken from it', async () => {
    const { callSid } = await talk();
    fleet.bury(holder);
    holder.die();
    await writeInbox(fleet.link, other.name, commandMessage(order(callSid, takeOver)));
    await expect.poll(() => redirected.length, LATE).toBe(1);
    expect(await viewAfterNext(callSid)).toMatchObject({ state: 'dialing', supervisor: 'Kim' });
  });
});

test('what nobody knows, or comes too late, is refused', async () => {
  expect(await act(newSid(), whisper)).toEqual(refused('unknown'));
  const { callSid, port } = await talk();
  const late = order(callSid, whisper, -1);
  await writeInbox(fleet.link, holder.name, commandMessage(late));
  await expect.poll(() => fleet.link.command('get', commandKey(late.id)), LATE).toBe('{"kind":"refused","why":"late"}');
  expect(port.asked.filter((asked) => asked.startsWith('note'))).toEqual([]);
});

test('a process that does not know of commands says nothing, and that is told', async () => {
  const { callSid } = await talk();
  await holder.mailbox.close();
  await fleet.link.command('xadd', inboxKey(holder.name), '*', 'm', '');
  let clock = Date.now();
  expect(
    await command(fleet.link, { ...order(callSid, whisper), expiresAt: clock + 10 }, () => (clock += 2_000)),
  ).toEqual(refused('silent'));
});

test('without a node that lives nothing can be done', async () => {
  const { callSid } = await talk();
  const later = () => Date.now() + 60_000;
  expect(await command(fleet.link, order(callSid, whisper), later)).toEqual(refused('noNode'));
});

test('facts of a supervisor survive a fold by whoever goes on', async () => {
  const callSid = await takenOver();
  const facts = await fleet.facts(callSid);
  expect(facts.filter(({ type }) => type.startsWith('supervisor.'))).toMatchObject([{ by: 'Kim', to: KIM }]);
  expect((await other.calls.look(callSid))?.supervisor).toBe('Kim');
});
