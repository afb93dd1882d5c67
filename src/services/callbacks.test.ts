import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallbackRequestEntity, type CallbackRequest } from '../../entities/callback-request.ts';
import { seed } from '../../entities/seed/index.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { CallbackDialler, type DialPort } from './callback-dialler.ts';
import type { CallbackPolicy } from './callback-window.ts';
import { type Callbacks, createCallbacks } from './callbacks.ts';

const HOUR_MS = 3_600_000;
const news = (callSid: string, status: string, asked = '') => ({ asked, callSid, status });
const policy: CallbackPolicy = {
  offered: true,
  withinMinutes: 120,
  openTime: '09:00',
  closeTime: '18:00',
  dialler: true,
  callsPerMinute: 4,
  attemptsMax: 2,
};

await onBothDatabases((database) => {
  let callbacks: Callbacks;
  const rows = () => database.source.getRepository(CallbackRequestEntity);

  beforeEach(async () => {
    callbacks = createCallbacks(database.source);
    await seed(database.source, Date.now());
  });
  afterEach(() => rows().clear());

  /** Asked an hour ago; the window ends `endsInMs` from now. */
  const asked = (index: number, startsInMs = -HOUR_MS, endsInMs = HOUR_MS) => ({
    callSid: `CA${String(index).padStart(32, '0')}`,
    number: `+1207555${String(1_000 + index)}`,
    calledNumber: '+12075550142',
    reason: 'waiting room',
    window: { start: Date.now() + startsInMs, end: Date.now() + endsInMs },
  });
  const sidOf = (index: number) => asked(index).callSid;
  const rowOf = (index: number) => rows().findOneByOrFail({ callSid: sidOf(index) });
  /** Lets the database believe that the last attempt was so long ago. */
  const age = (minutes: number) =>
    database.source.query(
      `UPDATE callback_request SET last_attempt_at = last_attempt_at - interval '${minutes} minutes',
       next_attempt_at = next_attempt_at - interval '${minutes} minutes'`,
    );

  test('a request is noted once, however often told', async () => {
    const first = asked(1);
    await callbacks.enter(first);
    await callbacks.enter({ ...first, number: '+12075559999', reason: 'again' });
    expect(await rows().find()).toEqual([
      {
        callSid: first.callSid,
        number: first.number,
        calledNumber: '+12075550142',
        reason: 'waiting room',
        windowStart: new Date(first.window.start),
        windowEnd: new Date(first.window.end),
        status: 'open',
        attempts: 0,
        nextAttemptAt: new Date(first.window.start),
        lastAttemptAt: null,
        lastCallSid: null,
        isWished: false,
        assignee: '',
        callingSince: null,
        note: '',
        doneAt: null,
        doneBy: '',
        version: 1,
        createdAt: expect.any(Date),
      },
    ]);
  });

  test('the most urgent come first, none before its window, none twice, and no more than the rate', async () => {
    for (const [index, ends] of [5, 3, 4, 1, 2, 6].entries())
      await callbacks.enter(asked(index, -1_000, ends * HOUR_MS));
    await callbacks.enter(asked(9, HOUR_MS, 2 * HOUR_MS));
    const taken = (
      await Promise.all([callbacks.take(4, 'all'), callbacks.take(4, 'all'), callbacks.take(4, 'all')])
    ).flat();
    expect(taken.map(({ callSid }) => callSid).toSorted()).toEqual([sidOf(1), sidOf(2), sidOf(3), sidOf(4)]);
    expect(await callbacks.take(4, 'all')).toEqual([]);
    await age(1);
    expect((await callbacks.take(4, 'all')).map(({ callSid }) => callSid).toSorted()).toEqual([sidOf(0), sidOf(5)]);
    expect((await rows().findBy({ status: 'dialing' })).map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 1]);
    expect((await rowOf(9)).status).toBe('open');
  });

  describe('the dialler', () => {
    let placed: { to: string; from: string; asked: string }[];
    let carrier: DialPort;
    let freePlaces: number;
    let isCallbackTime: boolean;
    let warnings: unknown[];
    let known: CallbackPolicy;

    beforeEach(() => {
      placed = [];
      warnings = [];
      [freePlaces, isCallbackTime, known] = [100, true, policy];
      carrier = {
        place: async (call) => {
          placed.push(call);
          return `CAplaced${placed.length}`;
        },
        became: async () => null,
      };
    });

    const dialler = () =>
      new CallbackDialler({
        callbacks,
        policy: () => known,
        isCallbackTime: () => isCallbackTime,
        freePlaces: () => freePlaces,
        carrier,
        log: { warn: (...args: unknown[]) => void warnings.push(args) },
        metrics: createMetrics(),
      });
    const statusOf = async (index: number): Promise<Partial<CallbackRequest>> => {
      const { status, attempts, lastCallSid } = await rowOf(index);
      return { status, attempts, lastCallSid };
    };

    test('dials from the number that was called; an answer is the end of it', async () => {
      await callbacks.enter(asked(1));
      const dials = dialler();
      await dials.round();
      await dials.round();
      expect(placed).toEqual([{ to: asked(1).number, from: '+12075550142', asked: sidOf(1) }]);
      expect(await statusOf(1)).toEqual({ status: 'dialing', attempts: 1, lastCallSid: 'CAplaced1' });
      await dials.told(news('CAplaced1', 'completed'));
      await dials.told(news('CAplaced1', 'no-answer'));
      await dials.told(news('CAother', 'completed'));
      expect(await statusOf(1)).toEqual({ status: 'answered', attempts: 1, lastCallSid: 'CAplaced1' });
      await age(60);
      await dials.round();
      expect([placed.length, warnings]).toEqual([1, []]);
    });

    test('who does not answer is dialed again later, and not more often than so', async () => {
      await callbacks.enter(asked(1));
      const dials = dialler();
      await dials.round();
      await dials.told(news('CAplaced1', 'busy'));
      await age(14);
      await dials.round();
      expect([placed.length, await statusOf(1)]).toEqual([
        1,
        { status: 'open', attempts: 1, lastCallSid: 'CAplaced1' },
      ]);
      await age(1);
      await dials.round();
      await dials.told(news('CAplaced2', 'no-answer'));
      expect(await statusOf(1)).toEqual({ status: 'unanswered', attempts: 2, lastCallSid: 'CAplaced2' });
      await age(60);
      await dials.round();
      expect(placed.length).toBe(2);
    });

    test('never outside its hours, without room, or where the store has people do it', async () => {
      await callbacks.enter(asked(1));
      isCallbackTime = false;
      await dialler().round();
      [isCallbackTime, freePlaces] = [true, 0];
      await dialler().round();
      [freePlaces, known] = [100, { ...policy, dialler: false }];
      await dialler().round();
      expect([placed, (await rowOf(1)).attempts]).toEqual([[], 0]);
      known = policy;
      await dialler().round();
      expect(placed.length).toBe(1);
    });

    test('whom somebody wants called now is dialed first, and where people do it too', async () => {
      for (const index of [1, 2, 3]) await callbacks.enter(asked(index, -HOUR_MS, index * HOUR_MS));
      const wish = (index: number) => rows().update({ callSid: sidOf(index) }, { isWished: true });
      known = { ...policy, dialler: false };
      await wish(3);
      await dialler().round();
      await dialler().round();
      expect(placed.map(({ asked: of }) => of)).toEqual([sidOf(3)]);
      await dialler().told(news('CAplaced1', 'no-answer'));
      await age(60);
      await dialler().round();
      expect(placed.length).toBe(1);
      [known, freePlaces] = [policy, 1];
      await wish(2);
      await dialler().round();
      expect(placed.map(({ asked: of }) => of)).toEqual([sidOf(3), sidOf(2)]);
    });

    test('a call of which nothing is known is not placed again before it is over', async () => {
      await callbacks.enter(asked(1));
      carrier.place = async (call) => {
        placed.push(call);
        return null;
      };
      await dialler().round();
      await age(4);
      await dialler().round();
      expect([placed.length, await statusOf(1)]).toEqual([1, { status: 'dialing', attempts: 1, lastCallSid: null }]);
      await age(1);
      await dialler().round();
      expect(await statusOf(1)).toEqual({ status: 'open', attempts: 1, lastCallSid: null });
      await age(15);
      await dialler().round();
      expect(placed.length).toBe(2);
    });

    test('who is talking, or was, is not dialed again though the name of the call was lost when it was placed', async () => {
      for (const index of [1, 2]) await callbacks.enter(asked(index));
      carrier.place = async (call) => {
        placed.push(call);
        return null;
      };
      const dials = dialler();
      await dials.round();
      await dials.told(news('CAanswered', 'in-progress', sidOf(1)));
      await dials.told(news('CAbusy', 'busy', sidOf(2)));
      carrier.became = async () => 'live';
      await age(6);
      await dials.round();
      expect(await statusOf(1)).toEqual({ status: 'dialing', attempts: 1, lastCallSid: 'CAanswered' });
      expect(await statusOf(2)).toEqual({ status: 'open', attempts: 1, lastCallSid: 'CAbusy' });
      await dials.told(news('CAother', 'completed', sidOf(1)));
      await dials.told(news('CAanswered', 'completed', sidOf(1)));
      expect((await statusOf(1)).status).toBe('answered');
      expect(placed.length).toBe(2);
    });

    test('no more than there are free places, those dialed a moment ago included', async () => {
      for (const index of [1, 2, 3]) await callbacks.enter(asked(index));
      freePlaces = 2;
      const dials = dialler();
      await dials.round();
      await dials.round();
      expect(placed.length).toBe(2);
      await age(1);
      await dials.round();
      expect(placed.length).toBe(3);
    });

    test('where no callback came the carrier is asked what became of the call', async () => {
      for (const index of [1, 2, 3, 4]) await callbacks.enter(asked(index, -index * 1_000));
      await dialler().round();
      const became = new Map<string, 'answered' | 'unanswered' | 'live' | null>([
        ['CAplaced1', 'answered'],
        ['CAplaced2', 'unanswered'],
        ['CAplaced3', 'live'],
        ['CAplaced4', null],
      ]);
      carrier.became = async (callSid) => became.get(callSid) ?? null;
      await age(5);
      await dialler().round();
      const ends = await rows().find({ order: { lastCallSid: 'ASC' } });
      expect(ends.map(({ status }) => status)).toEqual(['answered', 'open', 'dialing', 'dialing']);
    });
  });
});

test('a database that is away is a line in the log', async () => {
  const warnings: unknown[] = [];
  const away = async () => {
    throw new Error('away');
  };
  const dials = new CallbackDialler({
    callbacks: { enter: away, take: away, isWanted: away, placed: away, settle: away, stale: away, giveUp: away },
    policy: () => policy,
    isCallbackTime: () => true,
    freePlaces: () => 100,
    carrier: { place: away, became: away },
    log: { warn: (...args: unknown[]) => void warnings.push(args[1]) },
    metrics: createMetrics(),
  });
  await dials.round();
  await dials.told(news('CA1', 'completed'));
  expect(warnings).toEqual(['call-backs could not be made', 'what became of a call-back was not noted']);
});
