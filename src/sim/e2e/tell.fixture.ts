import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SimCall } from '../twilio/index.ts';
import { judge, script, staff, stories } from './stories.fixture.ts';
import { startWorld, type World } from './world.fixture.ts';

/** Every story at one node, all at the same time, and each judged by a test of its own. */
export function tellStories(args: readonly string[]): void {
  let world: World;
  let lived: Map<string, Promise<SimCall>>;

  beforeAll(async () => {
    world = await startWorld({ args, model: { script }, twilio: { staff } });
    lived = new Map(stories.map((story) => [story.name, story.live(world)]));
    // Each test waits for its own; one that fails must not end the others.
    for (const call of lived.values()) call.catch(() => undefined);
  });

  afterAll(async () => {
    await world.stop();
    expect(world.complaints()).toEqual([]);
  });

  test.each(stories)('$name', async (story) => {
    const call = await lived.get(story.name);
    if (call) await judge(world, story, call);
    expect(call).toBeDefined();
  });
}
