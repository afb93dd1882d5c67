import { afterEach, beforeEach, expect, test } from 'vitest';
import { profile } from './session.fixture.ts';
import { SessionsWorld } from './sessions.fixture.ts';

let world: SessionsWorld;

beforeEach(async () => {
  world = await SessionsWorld.start([{}]);
});

afterEach(async () => {
  const complaints = world.models.flatMap((model) => model.complaints);
  await world.close();
  expect(complaints).toEqual([]);
});

const soldOut = { ...profile, instructions: 'You answer the phone. Muddy Paws is sold out.' };
const knowing = () => world.model().sessions.filter((each) => each.configuration.instructions === soldOut.instructions);
const updates = () => world.model().sessions.map((each) => each.updates);

test('what changed reaches every session, those that wait for their stream too, a part at a time', async () => {
  await world.close();
  let told = profile;
  const asked: string[] = [];
  world = await SessionsWorld.start([{}], {
    profile(callSid) {
      asked.push(callSid);
      return Promise.resolve(told);
    },
  });
  const ears = Array.from({ length: 7 }, (_, index) => world.open(`CA${index}`));
  world.warm('CA7');
  await world.until('all are configured', () => updates().length === 8 && updates().every((count) => count === 1));
  await world.until('all are live', () => ears.every((ear) => ear.of('ready').length === 1));
  told = soldOut;
  asked.length = 0;
  world.sessions.renewAll();
  expect(asked).toEqual([]);
  // A session that is over meanwhile is left out.
  ears[6]?.session?.close();
  const perTick = [1, 2, 3, 4].map(() => {
    const before = asked.length;
    world.pass(250);
    return asked.length - before;
  });
  expect([perTick.toSorted((a, b) => a - b), asked.toSorted()]).toEqual([
    [1, 2, 2, 2],
    ['CA0', 'CA1', 'CA2', 'CA3', 'CA4', 'CA5', 'CA7'],
  ]);
  await world.until('all know', () => knowing().length === 7);
  expect(updates().toSorted((a, b) => a - b)).toEqual([1, 2, 2, 2, 2, 2, 2, 2]);
  for (const ear of ears) ear.session?.close();
});

test('where nothing changed for a session it is told nothing; a later change counts', async () => {
  const ear = world.open('CA1');
  await world.until('live', () => ear.of('ready').length === 1);
  world.sessions.renewAll();
  for (let tick = 0; tick < 4; tick += 1) world.pass(250);
  world.profile = soldOut;
  world.sessions.renewAll();
  world.pass(250);
  await world.until('it knows', () => knowing().length === 1);
  expect(updates()).toEqual([2]);
  ear.session?.close();
});

test('another language reaches the sessions of that call alone, with its transcription', async () => {
  await world.close();
  const spoken = new Map<string, string>();
  world = await SessionsWorld.start([{}], {
    profile: (callSid) => Promise.resolve({ ...profile, language: spoken.get(callSid) ?? 'en' }),
  });
  const ears = ['CA1', 'CA2'].map((callSid) => world.open(callSid));
  await world.until('live', () => ears.every((ear) => ear.of('ready').length === 1));
  spoken.set('CA1', 'es');
  world.sessions.renew('CA1');
  const languages = () => world.model().sessions.map((each) => each.configuration.audio.input.transcription?.language);
  await world.until('it listens in Spanish', () => languages().includes('es'));
  expect([languages(), updates()]).toEqual([
    ['es', 'en'],
    [2, 1],
  ]);
  for (const ear of ears) ear.session?.close();
});
