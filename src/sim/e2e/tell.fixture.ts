import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimCall } from '../twilio/index.ts';
import { Caller } from './caller.fixture.ts';
import { rowOf } from './rows.fixture.ts';
import { openDatabase } from '../../services/database.ts';
import { judge, script, STAFF, staff, stories, type Story } from './stories.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

/** The design's bound for a new call's row. Other things than Aida keep a machine that runs tests busy: it is told, not held. */
const ROW_MS_TOLD = 1_000;
/** Stories that are lived again while the carrier doubles and shuffles what it sends. */
const stormy = /answers$|two tools|nobody answers/;

async function hireStaff(databaseUrl: string): Promise<void> {
  const rows = await openDatabase(databaseUrl, { poolMax: 1 });
  await rows.query('UPDATE store_settings SET staff_numbers = $1', [STAFF]);
  await rows.destroy();
}

/** Every story at one node, all at the same time, and each judged by a test of its own. */
export function tellStories(args: readonly string[]): void {
  let world: World;
  let lived: Map<string, Promise<SimCall>>;

  const live = (some: readonly Story[]): void => {
    lived = new Map(some.map((story) => [story.name, story.live(world)]));
    // Each test waits for its own; one that fails must not end the others.
    for (const call of lived.values()) call.catch(() => undefined);
  };
  const isTold = async (story: Story): Promise<SimCall> => {
    const call = await lived.get(story.name);
    if (!call) throw new Error(`${story.name} was not lived`);
    await judge(world, story, call);
    return call;
  };

  beforeAll(async () => {
    world = await startWorld({ args, model: { script }, twilio: { staff }, prepare: hireStaff });
    live(stories);
  });

  afterAll(async () => {
    await world.stop();
    expect(world.complaints()).toEqual([]);
  });

  test.each(stories)('$name', async (story) => {
    expect((await isTold(story)).ended).toBe(true);
  });

  test('a call has its row while it rings', async () => {
    const caller = new Caller(world, '+12075550220');
    const dialedMs = performance.now();
    const row = await eventually(
      () => rowOf(world, caller.call.sid),
      (found) => found !== null,
    );
    const ms = Math.round(performance.now() - dialedMs);
    if (ms > ROW_MS_TOLD) process.stdout.write(`the row of a new call was there after ${ms} ms\n`);
    expect(row).toMatchObject({
      callSid: caller.call.sid,
      status: 'RINGING',
      fromNumber: '+12075550220',
      endedAt: null,
    });
    await caller.hangUp();
  });

  const again = stories.filter(({ name }) => stormy.test(name));
  test('every webhook twice at once, every callback twice and shuffled: the same ends', async () => {
    // The same numbers again: to be taken for other people than those who hung up in the middle of a word.
    for (const key of (await world.link.command('keys', '*:caller:recent:*')) as string[])
      await world.link.command('del', key);
    Object.assign(world.twilio.faults, { webhookTwice: 1, callbackTwice: 1, callbackDelayMsMax: 400 });
    live(again);
    for (const story of again) {
      const call = await isTold(story);
      const tokens = Map.groupBy(call.webhooks, ({ idempotencyToken }) => idempotencyToken);
      const urls = new Set(call.documents.map(({ url }) => url));
      const asked = [...tokens.values()].filter(([first]) => urls.has(first?.url.replace(/#.*/, '') ?? null));
      expect(asked.map((twice) => twice.length)).toEqual(asked.map(() => 2));
      for (const [first, second] of asked) expect(second?.body).toBe(first?.body);
    }
    expect(again).toHaveLength(3);
  });
}
