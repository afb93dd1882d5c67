import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import type { FakeModelOptions, Plan } from '../sim/model/index.ts';
import { breakerLimits } from './breaker.ts';
import { keptLifeMs } from './kept.ts';
import { profile } from './session.fixture.ts';
import { Ear, SessionsWorld } from './sessions.fixture.ts';

let world: SessionsWorld;

const start = async (...models: FakeModelOptions[]): Promise<void> => {
  world = await SessionsWorld.start(models);
};

afterEach(async () => {
  const complaints = world.models.flatMap((model) => model.complaints);
  await world.close();
  expect(complaints).toEqual([]);
});

const noQuota = (): Plan => [{ fail: 'insufficient_quota' }];
const lost = (ear: Ear) => ear.of('lost').map(([, code, isFatal]) => [code, isFatal]);
const total = async (name: 'modelSessionsOpened' | 'modelSessionsLost'): Promise<number> => {
  const { values } = await world.metrics[name].get();
  return values.reduce((sum, { value }) => sum + value, 0);
};
/** As the machine does: another session for as long as none was lost for good. */
const persist = async (callSid: string, ear: Ear, tries: number): Promise<void> => {
  for (let nth = 0; nth < tries; nth += 1) {
    const before = ear.of('lost').length;
    world.open(callSid, 'greeting', [], ear);
    await world.until('lost or ready', () => ear.of('lost').length > before || ear.of('ready').length > 0);
    if (ear.of('ready').length > 0 || lost(ear).at(-1)?.[1] === true) return;
  }
};

describe('a second endpoint', () => {
  test('row 27: quota gone at the first, the call is told to try again and is answered by the second', async () => {
    await start({ script: noQuota }, {});
    const ear = world.open('CA1');
    await world.until('lost', () => ear.of('lost').length === 1);
    expect(lost(ear)).toEqual([['insufficient_quota', false]]);
    world.open('CA1', 'greeting', [], ear);
    await world.until('said', () => ear.said.length === 1);
    // Nobody else has to find that out.
    const next = world.open('CA2');
    await world.until('said', () => next.said.length === 1);
    expect([world.opened(0), world.opened(1)]).toEqual([1, 2]);
    ear.session?.close();
    next.session?.close();
  });

  test('a bad key at the first, and calls go back to it when a session that no caller waits for was let in', async () => {
    await start({}, {});
    world.model().door = 401;
    const ear = world.open('CA1');
    await world.until('lost', () => ear.of('lost').length === 1);
    expect(lost(ear)).toEqual([['http_401', false]]);
    world.model().door = 'open';
    world.pass(breakerLimits.fatalRestMs);
    await world.until('tried', () => world.opened(0) === 1);
    await world.until('given back', () => !world.model().sessions[0]?.open);
    const next = world.open('CA2');
    await world.until('said', () => next.said.length === 1);
    expect([world.opened(0), world.opened(1)]).toEqual([2, 0]);
    next.session?.close();
  });
});

describe('row 27: no endpoint at all', () => {
  test('quota gone: one call finds out, no other opens a socket, new callers are turned to the keypad', async () => {
    await start({ script: noQuota });
    const ear = world.open('CA1');
    await world.until('lost', () => ear.of('lost').length === 1);
    expect([lost(ear), world.sessions.usable()]).toEqual([[['insufficient_quota', true]], false]);
    const others = Array.from({ length: 50 }, (_, nth) => world.open(`CB${nth}`));
    world.warm('CC1');
    await world.until('all lost', () => others.every((other) => other.of('lost').length === 1));
    expect(others.map(lost)).toEqual(Array.from({ length: 50 }, () => [['no_endpoint', true]]));
    expect([world.opened(), await world.warmed()]).toEqual([1, { miss: 51, no_endpoint: 1 }]);
  });

  test('it is tried ever more rarely, and the assistant is back with the first trial that speaks', async () => {
    let isGone = true;
    await start({ script: () => (isGone ? noQuota() : null) });
    const ear = world.open('CA1');
    await world.until('lost', () => ear.of('lost').length === 1);
    const tries: number[] = [];
    for (let second = 5; second <= 100; second += 5) {
      world.pass(5_000);
      if ((await total('modelSessionsOpened')) === tries.length + 1) continue;
      tries.push(second);
      await expect.poll(() => total('modelSessionsLost')).toBe(tries.length + 1);
    }
    // 5, 10, 20 and 40 seconds after the one before.
    expect(tries).toEqual([5, 15, 35, 75]);
    expect(world.sessions.usable()).toBe(false);
    isGone = false;
    world.pass(breakerLimits.restMsMax);
    await world.until('usable', () => world.sessions.usable());
    const next = world.open('CA2');
    await world.until('said', () => next.said.length === 1);
    next.session?.close();
  });

  test('a server that cannot be reached is left alone after some tries, and a live call may try when one was let in', async () => {
    await start({});
    world.model().door = 503;
    const ear = world.open('CA1');
    await persist('CA1', ear, breakerLimits.failuresMax + 2);
    expect(lost(ear).slice(-2)).toEqual([
      ['no_endpoint', false],
      ['no_endpoint', false],
    ]);
    // A moment is no reason to turn new callers away; a trial that fails is.
    expect(world.sessions.usable()).toBe(true);
    world.pass(breakerLimits.passingRestMs);
    await world.until('down', () => !world.sessions.usable());
    world.model().door = 'open';
    world.pass(breakerLimits.restMsMax);
    await world.until('usable', () => world.sessions.usable());
    await persist('CA1', ear, 1);
    await world.until('said', () => ear.said.length === 1);
    ear.session?.close();
  });
});

describe('rows 19 and 20: a session that is lost in mid-call', () => {
  beforeEach(() => start({}));

  test.each([
    ['goAway', 'closed_1001'],
    ['die', 'closed_1006'],
    ['crash', 'closed_1011'],
    ['expire', 'session_expired'],
  ] as const)('%s in mid-answer is told once, and the next one opens at once', async (fault, code) => {
    const script = () => [{ say: 'one two three four five six seven', fault: { kind: fault, atMs: 200 } }] as const;
    await world.close();
    world = await SessionsWorld.start([{ script, deltaBytes: 801 }]);
    const ear = world.open('CA1');
    await world.until('lost', () => ear.of('lost').length === 1);
    expect([lost(ear), ear.bytes > 0]).toEqual([[[code, false]], true]);
    const turns: Turn[] = [{ who: 'assistant', itemId: 'a1', text: 'one two', cut: true }];
    world.open('CA1', 'bridging', turns, ear);
    await world.until('another', () => ear.of('ready').length === 2);
    expect(world.opened()).toBe(2);
    ear.session?.close();
    expect(await world.metrics.scrape()).toContain(`{endpoint="first",code="${code}"} 1`);
  });

  test('a half-open line is noticed, and a dozen of them do not close the endpoint', async () => {
    const ears = Array.from({ length: 12 }, (_, nth) => world.open(`CA${nth}`));
    await world.until('all said', () => ears.every((ear) => ear.of('responseEnded').length === 1));
    for (const session of world.model().sessions) session.break('freeze');
    const tick = (ms: number) => {
      world.shiftMs += ms;
      for (const ear of ears) ear.session?.tick(performance.now() + world.shiftMs);
    };
    for (let ms = 0; ms <= 7_000; ms += 250) tick(250);
    expect(ears.map(lost)).toEqual(Array.from({ length: 12 }, () => [['half_open', false]]));
    for (const [nth, ear] of ears.entries()) world.open(`CA${nth}`, 'bridging', [], ear);
    await world.until('all again', () => ears.every((ear) => ear.of('ready').length === 2));
    for (const ear of ears) ear.session?.close();
    for (const session of world.model().sessions) session.thaw();
  });
});

describe('its life', () => {
  test('five sixths of what the server allows, of what it says itself, less what has passed', async () => {
    await start({ sessionSeconds: 60 });
    world.warm('CA1', false);
    await world.until('configured', () => world.model().sessions[0]?.updates === 1);
    world.shiftMs += 2_000;
    const ear = world.open('CA1', 'greeting');
    await world.until('ready', () => ear.of('ready').length === 1);
    const rotateMs = Number(ear.of('ready')[0]?.[3]);
    expect(rotateMs).toBeGreaterThan(46_000);
    expect(rotateMs).toBeLessThanOrEqual(48_000);
    ear.session?.close();
  });

  test('a second session beside the first knows what was said and says nothing', async () => {
    await start({});
    const ear = world.open('CA1');
    await world.until('said', () => ear.said.length === 1);
    const turns: Turn[] = [{ who: 'assistant', itemId: 'a1', text: profile.greeting, cut: false }];
    const other = new Ear();
    const successor = world.sessions.fresh('CA1', other.listener);
    successor.begin('resuming', turns);
    await world.until('seeded', () => world.model().sessions[1]?.updates === 2 && other.of('ready').length === 1);
    expect(world.model().sessions.map(({ responses }) => responses.length)).toEqual([1, 0]);
    expect(world.model().sessions[1]?.conversation.wordsOf('assistant')).toEqual([profile.greeting]);
    expect([ear.session?.live, successor.live]).toEqual([true, true]);
    ear.session?.close();
    successor.close();
  });
});

describe('a change in mid-call', () => {
  beforeEach(() => start({}));

  test('reaches the session of one call, or of all, and only where something has changed', async () => {
    const [one, two] = [world.open('CA1'), world.open('CA2')];
    await world.until('said', () => [one, two].every((ear) => ear.said.length === 1));
    const updates = () => world.model().sessions.map((session) => session.updates);
    world.sessions.renew('CA1');
    world.profile = { ...profile, instructions: 'The muffins are sold out.' };
    world.sessions.renew('CA2');
    await world.until('one is told', () => updates().join() === '1,2');
    world.sessions.renewAll();
    await world.until('the other too', () => updates().join() === '2,2');
    const told = world.model().sessions.map((session) => session.configuration.instructions);
    expect(told).toEqual([world.profile.instructions, world.profile.instructions]);
    expect(world.model().sessions[0]?.configuration.audio.output.voice).toBe(profile.voice);
    one.session?.close();
    two.session?.close();
  });

  test('that is refused leaves the call as it was', async () => {
    await world.close();
    world = await SessionsWorld.start([{ tolerates: (complaint) => complaint.includes('tools') }]);
    const ear = world.open('CA1');
    await world.until('said', () => ear.said.length === 1);
    const broken = { type: 'function', name: 'no name', description: '', parameters: {} } as const;
    world.profile = { ...profile, tools: [broken] };
    world.sessions.renew('CA1');
    await world.until('refused', () => (world.model().sessions[0]?.errors.length ?? 0) === 1);
    ear.session?.say('Say "Still here."');
    await world.until('said', () => ear.said.length === 2);
    expect([ear.of('lost'), ear.of('fault')]).toEqual([[], []]);
    ear.session?.close();
  });
});

describe('a session whose stream is gone', () => {
  beforeEach(() => start({}));

  const greeted = async (callSid: string): Promise<[Ear, Turn[]]> => {
    const ear = world.open(callSid);
    await world.until('at rest', () => ear.session?.atRest === true && ear.said.length === 1);
    const itemId = String(ear.of('outputEnded')[0]?.[2]);
    return [ear, [{ who: 'assistant', itemId, text: profile.greeting, cut: false }]];
  };
  const keep = (callSid: string, ear: Ear) => ear.session && world.sessions.keep(callSid, ear.session);

  test('goes on with the call’s next stream, and is told nothing twice', async () => {
    const [ear, turns] = await greeted('CA1');
    keep('CA1', ear);
    const next = world.open('CA1', 'resuming', turns);
    await world.until('ready', () => next.of('ready').length === 1);
    next.session?.say('Say "Here I am."');
    await world.until('said', () => next.said.length === 1);
    expect([world.opened(), next.said, ear.of('ready').length]).toEqual([1, ['Here I am.'], 1]);
    expect(world.model().sessions[0]?.conversation.wordsOf('assistant')).toEqual([profile.greeting, 'Here I am.']);
    next.session?.close();
  });

  test('does not, where another process has gone on with the call meanwhile', async () => {
    const [ear, turns] = await greeted('CA1');
    keep('CA1', ear);
    const next = world.open('CA1', 'resuming', [...turns, { who: 'caller', itemId: 'elsewhere', text: 'Hello?' }]);
    await world.until('ready', () => next.of('ready').length === 1);
    await world.until('closed', () => !world.model().sessions[0]?.open);
    expect(world.opened()).toBe(2);
    next.session?.close();
  });

  test('is closed at once in the middle of an answer, else after five seconds or with its call', async () => {
    await world.close();
    await start({ speed: 2, deltaBytes: 801 });
    const busy = world.open('CA1');
    await world.until('it speaks', () => busy.bytes > 0);
    keep('CA1', busy);
    expect([busy.session?.live, await world.metrics.scrape()]).toEqual([
      false,
      expect.stringContaining('aida_model_sessions{state="kept"} 0'),
    ]);
    const [late, over] = [await greeted('CA2'), await greeted('CA3')];
    keep('CA2', late[0]);
    keep('CA3', over[0]);
    world.sessions.over('CA3');
    await world.until('two are closed', () => world.model().sessions.filter(({ open }) => open).length === 1);
    world.pass(keptLifeMs - 1_000);
    expect(world.model().sessions.filter(({ open }) => open)).toHaveLength(1);
    world.pass(1_000);
    await world.until('all are closed', () => world.model().sessions.every(({ open }) => !open));
  });
});
