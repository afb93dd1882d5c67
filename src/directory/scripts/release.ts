import { placementScript, reservationHelpers, reservationKeys } from './placement.ts';

/** Gives a reservation back, wherever it stands. */
export const releaseScript = placementScript(
  'release',
  reservationKeys,
  `${reservationHelpers}
return { drop(ARGV[1]) and 'released' or 'none' }
`,
  { frees: true },
);
