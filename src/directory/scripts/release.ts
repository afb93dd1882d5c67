import { placementHelpers, placementScriptKeys } from './placement.ts';
import { script } from './script.ts';

/** Gives a reservation back, wherever it stands. */
export const releaseScript = script(
  'release',
  placementScriptKeys,
  `${placementHelpers}
local at = drop(ARGV[1])
return { at and 'released' or 'none' }
`,
  { frees: true },
);
