import { afterAll, beforeAll, expect, test } from 'vitest';
import { PreparedLineEntity } from '../../../entities/prepared-line.ts';
import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { CATALOG_CHANNEL } from '../../services/catalog-keeper.ts';
import type { SimCall } from '../twilio/index.ts';
import { Caller } from './caller.fixture.ts';
import { eventually, startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';

let world: World;
beforeAll(async () => {
  world = await startWorld({ speech: true });
});
afterAll(() => world.stop());

/** Who said what, in the caller's ear. */
const heardBy = (call: SimCall) => call.heard().map(({ speaker, text }) => `${speaker}: ${text}`);
/** Answers that the model gave so far, in all calls. */
const answers = () => world.model?.sessions.flatMap(({ responses }) => responses).length ?? 0;

test('the greeting was there before the call, and the model knows of it', async () => {
  const asked = world.model?.asked;
  const caller = new Caller(world, '+12075550701');
  await caller.hear(GREETING);
  await caller.heardOut();
  expect(heardBy(caller.call)).toEqual([`assistant: ${GREETING}`]);
  expect(answers()).toBe(0);
  await caller.say('How much is an oat milk latte?');
  await caller.hear('5.25');
  await caller.hangUp();
  expect([world.model?.asked, world.complaints()]).toEqual([asked, []]);
});

test('settings that are saved are heard by the next callers, without a restart', async () => {
  const rows = world.rows.getRepository(PreparedLineEntity);
  const before = await rows.countBy({ voice: 'marin' });
  await world.rows
    .getRepository(StoreSettingsEntity)
    .update({ id: 1 }, { greeting: 'Good day from the dogs!', voice: 'cedar' });
  await world.link.command('publish', CATALOG_CHANNEL, 'saved');
  const rendered = await eventually(
    () => rows.countBy({ voice: 'cedar' }),
    (count) => count >= before,
  );
  expect(rendered).toBeGreaterThanOrEqual(before);
  // The nodes are told when all of it is there.
  const played = await eventually(
    async () => {
      const [caller, answered] = [new Caller(world, '+12075550703'), answers()];
      await caller.hear('Good day from the dogs!');
      await caller.hangUp();
      return answers() === answered;
    },
    (isPlayed) => isPlayed,
  );
  expect(played).toBe(true);
  expect(new Set(world.model?.spoken.map(({ voice }) => voice))).toEqual(new Set(['marin', 'cedar']));
  expect(world.complaints()).toEqual([]);
});

test('without a model the keypad speaks in the same voice, what differs is left to the carrier', async () => {
  if (world.model) world.model.door = 401;
  const caller = new Caller(world, '+12075550702');
  await caller.hear('Press 2 to speak with our staff.', 40);
  await caller.press('1');
  await caller.hear('/open|closed/');
  await caller.hangUp();
  const heard = heardBy(caller.call);
  expect(heard).toContain('assistant: Our assistant is not available at the moment.');
  expect(heard).toContain('assistant: Press 1 for our opening hours and our address.');
  expect(heard.some((line) => /^line: .*(open|closed)/i.test(line))).toBe(true);
  const played = world.twilio.calls.at(-1)?.documents.flatMap(({ twiml }) => twiml.match(/<Play>[^<]+/g) ?? []) ?? [];
  expect(new Set(played).size).toBeGreaterThanOrEqual(4);
  expect(world.complaints()).toEqual([]);
});
