import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { profile } from './session.fixture.ts';
import { SessionsWorld } from './sessions.fixture.ts';
import { warmLifeMs } from './warm.ts';

let world: SessionsWorld;

beforeEach(async () => {
  world = await SessionsWorld.start([{}]);
});

afterEach(async () => {
  const complaints = world.models.flatMap((model) => model.complaints);
  await world.close();
  expect(complaints).toEqual([]);
});

const turns = [
  { who: 'caller', itemId: 'c1', text: 'Are you open?' },
  { who: 'assistant', itemId: 'a1', text: 'We are.', cut: false },
] as const;

describe('before the stream', () => {
  test('a new call’s greeting is spoken, and told to whoever listens first, in order and whole', async () => {
    world.warm('CA1');
    await world.until(
      'the greeting is generated',
      () => world.model().sessions[0]?.responses[0]?.status === 'completed',
    );
    const ear = world.open('CA1');
    expect(ear.told[0]).toEqual(['ready', 'sess_0', 'gpt-realtime-2.1', expect.any(Number)]);
    await world.until('the greeting ended', () => ear.of('responseEnded').length === 1);
    expect(ear.said).toEqual([profile.greeting]);
    expect(ear.bytes).toBe((world.model().sessions[0]?.responses[0]?.audioMs ?? 0) * 8);
    expect([world.opened(), await world.warmed()]).toEqual([1, { hit: 1 }]);
    ear.session?.close();
  });

  test('a stream that comes in the middle of it hears the beginning at once and the rest as it comes', async () => {
    await world.close();
    world = await SessionsWorld.start([{ speed: 4, deltaBytes: 801 }]);
    world.warm('CA1');
    await world.until('audio', () => (world.model().sessions[0]?.responses[0]?.audioMs ?? 0) > 200);
    const ear = world.open('CA1');
    const early = ear.bytes;
    expect(early).toBeGreaterThan(0);
    await world.until('the greeting ended', () => ear.of('responseEnded').length === 1);
    expect(ear.bytes).toBeGreaterThan(early);
    expect([ear.said, world.opened()]).toEqual([[profile.greeting], 1]);
    ear.session?.close();
  });

  test('a prepared greeting is not spoken by the model: the session is configured and waits', async () => {
    world.greetingIsPrepared = true;
    world.warm('CA1');
    await world.until('configured', () => (world.model().sessions[0]?.updates ?? 0) === 1);
    const ear = world.open('CA1', 'resuming', [
      { who: 'assistant', itemId: 'line_greeting_1', text: 'Hello.', cut: false },
    ]);
    await world.until('seeded', () => world.model().sessions[0]?.updates === 3 && ear.of('ready').length === 1);
    expect(world.model().sessions[0]?.responses).toEqual([]);
    expect(world.model().sessions[0]?.conversation.wordsOf('assistant')).toEqual(['Hello.']);
    expect(await world.warmed()).toEqual({ hit: 1 });
    ear.session?.close();
  });

  test('a conversation that goes on is seeded when its stream comes', async () => {
    world.warm('CA1', false);
    await world.until('configured', () => (world.model().sessions[0]?.updates ?? 0) === 1);
    const ear = world.open('CA1', 'bridging', turns);
    await world.until('spoken', () => ear.of('responseEnded').length === 1);
    expect(world.model().sessions[0]?.conversation.wordsOf('user')).toEqual(['Are you open?']);
    expect([world.opened(), ear.of('lost')]).toEqual([1, []]);
    ear.session?.close();
  });

  test('what the assistant is told is as of the stream’s beginning', async () => {
    world.warm('CA1', false);
    await world.until('configured', () => (world.model().sessions[0]?.updates ?? 0) === 1);
    world.profile = { ...profile, instructions: 'The muffins are sold out.', language: 'es' };
    const ear = world.open('CA1', 'bridging', turns);
    await world.until('spoken', () => ear.of('responseEnded').length === 1);
    const session = world.model().sessions[0];
    expect(session?.configuration.instructions).toBe('The muffins are sold out.');
    expect(session?.configuration.audio.input.transcription).toMatchObject({ language: 'es' });
    const updateAt = session?.events.findIndex(({ event_id: id }) => String(id).startsWith('renew_')) ?? -1;
    const firstItemAt = session?.events.findIndex(({ type }) => type === 'conversation.item.create') ?? -1;
    expect([updateAt >= 0, updateAt < firstItemAt]).toEqual([true, true]);
    ear.session?.close();
  });
});

describe('one session for each call', () => {
  test('however often it is asked for', async () => {
    for (let nth = 0; nth < 5; nth += 1) world.warm('CA1');
    const ear = world.open('CA1');
    for (let nth = 0; nth < 5; nth += 1) world.sessions.warm({ callSid: 'CA1', at: world.now - 1_000, isNew: true });
    await world.until('ready', () => ear.of('ready').length === 1);
    expect([world.opened(), await world.warmed()]).toEqual([1, { hit: 1, late: 5 }]);
    ear.session?.close();
  });

  test('also when the stream overtakes the message; for its next stream it may be asked for again', async () => {
    const ear = world.open('CA1');
    world.sessions.warm({ callSid: 'CA1', at: world.now - 50, isNew: true });
    await world.until('ready', () => ear.of('ready').length === 1);
    expect([world.opened(), await world.warmed()]).toEqual([1, { miss: 1, late: 1 }]);
    ear.session?.close();
    world.shiftMs += 1_000;
    world.warm('CA1', false);
    await world.until('a second one', () => world.opened() === 2);
    expect(world.open('CA1', 'bridging', turns).session).not.toBeNull();
    expect(await world.warmed()).toEqual({ miss: 1, late: 1, hit: 1 });
  });

  test('a message that was long on its way opens nothing', async () => {
    world.sessions.warm({ callSid: 'CA1', at: world.now - warmLifeMs, isNew: true });
    expect([await world.warmed(), world.opened()]).toEqual([{ late: 1 }, 0]);
  });
});

describe('given back', () => {
  const closed = () => world.until('closed', () => world.model().sessions.every(({ open }) => !open));

  test('when the reservation’s time is over, which a repeat renews', async () => {
    world.warm('CA1', false);
    await world.until('open', () => world.opened() === 1);
    world.epochShiftMs = warmLifeMs - 1_000;
    world.warm('CA1', false);
    world.epochShiftMs = 2 * warmLifeMs - 2_000;
    world.pass(0);
    expect(await world.warmed()).toEqual({});
    world.epochShiftMs += 1_001;
    world.pass(0);
    await closed();
    expect(await world.warmed()).toEqual({ unused: 1 });
  });

  test('when the call is over', async () => {
    world.warm('CA1');
    await world.until('open', () => world.opened() === 1);
    world.sessions.over('CA1');
    await closed();
    expect(await world.warmed()).toEqual({ over: 1 });
  });

  test('when the call begins in another way: its own session begins so', async () => {
    world.warm('CA1');
    await world.until('spoken', () => world.model().sessions[0]?.spoken === true);
    const ear = world.open('CA1', 'redialed', turns);
    await world.until('the second one speaks', () => ear.said.length === 1);
    expect(ear.said[0]).toContain('Welcome back');
    expect([world.opened(), await world.warmed()]).toEqual([2, { unfit: 1 }]);
    ear.session?.close();
    await closed();
  });

  test('when it was lost: the call opens another one', async () => {
    world.warm('CA1', false);
    await world.until('open', () => world.model().sessions[0]?.updates === 1);
    world.model().sessions[0]?.break('goAway');
    await world.until('noticed', () => !world.model().sessions[0]?.open);
    await expect.poll(() => world.warmed()).toEqual({ lost: 1 });
    const ear = world.open('CA1', 'bridging', turns);
    await world.until('ready', () => ear.of('ready').length === 1);
    expect([ear.of('lost'), world.opened()]).toEqual([[], 2]);
    ear.session?.close();
  });

  test('when it says more than is kept for a caller who does not come', async () => {
    await world.close();
    world = await SessionsWorld.start([{ charsPerSecond: 1 }]);
    world.profile = { ...profile, greeting: 'Hello, and let me tell you all about our coffee first.' };
    world.warm('CA1');
    await expect.poll(() => world.warmed()).toEqual({ lost: 1 });
    await closed();
  });

  test('all of them when the process ends', async () => {
    world.warm('CA1');
    world.warm('CA2', false);
    await world.until('open', () => world.opened() === 2);
    world.sessions.close();
    await closed();
  });
});

test('as many are open as the node may have, and a call that streams always gets its own', async () => {
  await world.close();
  world = await SessionsWorld.start([{}], { sessionsMax: 3 });
  const first = world.open('CA0');
  for (const callSid of ['CA1', 'CA2', 'CA3', 'CA4']) world.warm(callSid, false);
  await world.until('open', () => world.opened() === 3);
  expect(await world.metrics.scrape()).toMatch(
    /aida_model_sessions\{state="warm"\} 2[^]*aida_model_sessions\{state="live"\} 1/,
  );
  const ears = ['CA3', 'CA4'].map((callSid) => world.open(callSid, 'bridging', turns));
  await world.until('ready', () => ears.every((ear) => ear.of('ready').length === 1));
  expect([world.opened(), await world.warmed()]).toEqual([5, { miss: 3, full: 2 }]);
  first.session?.close();
  for (const ear of ears) ear.session?.close();
  world.warm('CA5', false);
  await world.until('room again', () => world.opened() === 6);
});
