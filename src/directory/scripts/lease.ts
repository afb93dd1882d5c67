import { script } from './script.ts';

/** Takes a lease that is free, or keeps the holder's. */
export const takeLeaseScript = script(
  'takeLease',
  ['lease'],
  `
local other = redis.call('GET', lease)
if other and other ~= ARGV[1] then return { 'held', other } end
redis.call('SET', lease, ARGV[1], 'PX', ARGV[2])
return { 'taken' }
`,
);
