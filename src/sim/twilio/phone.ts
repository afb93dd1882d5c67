import type { Leg } from './leg.ts';
import type { Run } from './run.ts';
import type { Staff } from './world.ts';

/** What the network needs until it says busy or failed. */
const NETWORK_MS = 100;
const KEY_EVERY_MS = 150;

/** How the phone at this number behaves. */
export function staffAt({ world, options, rootSid }: Leg): Staff | undefined {
  const phone = world.staff[options.to];
  return typeof phone === 'function' ? phone(world.legs.get(rootSid)?.options.from ?? options.from) : phone;
}

/** Rings until the phone's result, or until the timeout. */
export async function ringOut(
  child: Leg,
  timeoutMs: number,
  run: Run,
): Promise<'answers' | 'busy' | 'no-answer' | 'failed'> {
  const staff: Staff = staffAt(child) ?? { result: 'no-answer' };
  const afterMs =
    staff.afterS === undefined ? (staff.result === 'no-answer' ? Infinity : NETWORK_MS) : staff.afterS * 1000;
  await run.wait(Math.min(afterMs, timeoutMs));
  return afterMs > timeoutMs ? 'no-answer' : staff.result;
}

/** Each key as soon as somebody listens for keys. */
export async function pressKeys(child: Leg, keys: string, run: Run): Promise<void> {
  for (const key of keys) {
    await run.wait(KEY_EVERY_MS);
    await run.until(
      new Promise<void>((resolve) => {
        const unwatch = child.watch(() => {
          if (!child.keySink && !child.final) return;
          unwatch();
          resolve();
        });
      }),
    );
    child.press(key);
  }
}
