import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DatabaseServer } from '../../../embedded/postgres.ts';
import { type Mortal, startMortalPostgres } from '../mortal.ts';
import { type Scene, startScene } from '../scene.ts';
import { questionOf } from '../stories.ts';
import { hangUpAll, judgeScene, nobodyNoticed, regulars } from './regular.fixture.ts';

const CALLERS = 3;
const STOPPED_MS = 3_000;

let database: Mortal<DatabaseServer>;
let scene: Scene;

beforeAll(async () => {
  database = await startMortalPostgres();
  scene = await startScene({ nodes: 2, database: () => Promise.resolve(database) });
});

afterEach(() => hangUpAll(scene));

afterAll(() => scene.stop());

test('row 14: the database is stopped at once: answers come from memory, messages are taken, each effect stands once afterwards', async () => {
  const those = await regulars(scene, CALLERS, '650');
  await scene.during('postgresStop', null, async () => {
    await database.kill('SIGQUIT');
    const asks = scene.call('+12076509001', async (patron) => {
      await patron.greeted();
      for (const index of [0, 1]) await patron.ask(questionOf(index));
    });
    const message = scene.call('+12076509002', async (patron) => {
      await patron.greeted();
      await patron.message();
    });
    expect(await asks.over).toMatchObject({ lost: null, isDegraded: false });
    expect(await message.over).toMatchObject({ lost: null, isDegraded: false });
    await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
    await database.revive();
  });
  await nobodyNoticed(those);
}, 120_000);

test('the history of it violates nothing, and the message was kept once', async () => {
  const history = await judgeScene(scene);
  expect(history.effects.filter(({ key }) => key.startsWith('voicemail '))).toHaveLength(1);
}, 150_000);
