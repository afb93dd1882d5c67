import { script } from './script.ts';

/**
 * Hands out calls whose deadline has passed, to one sweeper of the partition at a time. Each comes up again later
 * unless somebody moves it: a sweeper may die.
 */
export const claimDueScript = script(
  'claimDue',
  ['due', 'lease'],
  `
local holder, leaseMs, max, retryMs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = clock()
local other = redis.call('GET', lease)
if other and other ~= holder then return { 'leased', other } end
redis.call('SET', lease, holder, 'PX', leaseMs)
local late = redis.call('ZRANGEBYSCORE', due, '-inf', whole(now), 'LIMIT', 0, max)
for _, sid in ipairs(late) do redis.call('ZADD', due, whole(now + retryMs), sid) end
return { 'ok', unpack(late) }
`,
);

/** Takes a call off the sweep that Redis no longer knows. */
export const forgetDueScript = script(
  'forgetDue',
  ['call', 'due'],
  `
if redis.call('EXISTS', call) == 1 then return { 'known' } end
redis.call('ZREM', due, ARGV[1])
return { 'forgotten' }
`,
  { frees: true },
);

/** Gives a lease up that is still the holder's. */
export const dropLeaseScript = script(
  'dropLease',
  ['lease'],
  `
if redis.call('GET', lease) ~= ARGV[1] then return { 'none' } end
redis.call('DEL', lease)
return { 'dropped' }
`,
  { frees: true },
);
