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
  if (isOnCall(child)) {
    child.world.complain(`${child.rootSid}: rang into a busy line: ${child.options.to}`);
    await run.wait(Math.min(NETWORK_MS, timeoutMs));
    return 'busy';
  }
  const staff: Staff = staffAt(child) ?? { result: 'no-answer' };
  const afterMs =
    staff.afterS === undefined ? (staff.result === 'no-answer' ? Infinity : NETWORK_MS) : staff.afterS * 1000;
  await run.wait(Math.min(afterMs, timeoutMs));
  return afterMs > timeoutMs ? 'no-answer' : staff.result;
}

/** Another call has been answered at this phone, and is not over. */
function isOnCall({ world, options, sid }: Leg): boolean {
  for (const other of world.legs.values()) {
    const isSamePhone = other.options.direction === 'outbound-dial' && other.options.to === options.to;
    if (isSamePhone && other.sid !== sid && other.answeredMs !== null && !other.final) return true;
  }
  return false;
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
