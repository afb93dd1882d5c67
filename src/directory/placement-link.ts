import { placementKeys } from './keys.ts';
import type { RedisArgument, RedisLink } from './redis.ts';
import type { PlacementScript } from './scripts/placement.ts';

/** Runs a script of placement with the keys that it names. */
export function runPlacement(
  link: RedisLink,
  script: PlacementScript,
  args: readonly RedisArgument[],
): Promise<unknown> {
  return link.run(
    script,
    script.keys.map((key) => placementKeys[key]),
    args,
  );
}

/** A bound as scripts take it: none is more than anything that is counted. */
export const boundOf = (most: number): number =>
  Number.isFinite(most) ? Math.max(0, Math.floor(most)) : Number.MAX_SAFE_INTEGER;
