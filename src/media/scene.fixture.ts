import { expect, test } from 'vitest';
import type { SimCall } from '../sim/twilio/index.ts';
import { startWorld, type MediaWorld, type TestCall, type WorldOptions } from './world.fixture.ts';

export interface Scene extends MediaWorld {
  sim: SimCall;
  call: TestCall;
}

/**
 * A test in a world of its own, beside others: it waits more than it works. In the end neither fake may have found
 * anything to complain about, and no stream may be left.
 */
export function inWorld(name: string, options: WorldOptions, body: (world: MediaWorld) => Promise<void>): void {
  test.concurrent(name, async () => {
    const world = await startWorld(options);
    try {
      await body(world);
    } finally {
      await world.close();
    }
    expect(world.twilio.complaints).toEqual([]);
    expect(world.model.complaints).toEqual([]);
    expect(world.media.streams()).toBe(0);
  });
}

/** The same in a call whose greeting was heard. */
export function greeted(name: string, options: WorldOptions, body: (scene: Scene) => Promise<void>): void {
  inWorld(name, options, async (world) => {
    const { sim, call } = await world.dial();
    await sim.waitFor(() => call.of('assistant.fellSilent').length === 1);
    await body({ ...world, sim, call });
  });
}

export const long =
  'We have coffee and espresso and tea and food and beans, and every week something new that I could tell you about for a long time.';

/** The first thing that the caller says is answered at length. */
export const tellsLong: WorldOptions = {
  model: {
    script: (turn) =>
      turn.kind === 'caller' && turn.sessionIndex === 0 && turn.responseIndex === 1 ? [{ say: long }] : null,
  },
};

/** The same for longer than may wait in a call. */
export const tellsForMinutes: WorldOptions = {
  model: {
    script: (turn) =>
      turn.kind === 'caller' && turn.responseIndex === 1 ? [{ say: Array(45).fill(long).join(' ') }] : null,
  },
};
