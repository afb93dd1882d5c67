import { directoryLimits } from '../limits.ts';
import { script } from './script.ts';

/** Entries of the block list are `<until ms> <JSON>`. */
const BLOCKED = `
local function untilOf(entry) return tonumber(string.match(entry, '^%d+')) end
`;

/**
 * Lets a caller's call in, or not: blocked, or too many calls at once or within the window. A call that was let in
 * before is let in again and counted once; one that was not is not counted.
 */
export const admitCallerScript = script(
  'admitCaller',
  ['calls', 'arrivals', 'block'],
  `${BLOCKED}
local caller, sid, callsMax, arrivalsMax, windowMs, exempt =
  ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local now = clock()
local entry = redis.call('HGET', block, caller)
if entry then
  if untilOf(entry) > now then return { 'blocked' } end
  redis.call('HDEL', block, caller)
end
if exempt then return { 'admitted' } end
redis.call('ZREMRANGEBYSCORE', calls, '-inf', whole(now - ${directoryLimits.callerCallLifeMs}))
redis.call('ZREMRANGEBYSCORE', arrivals, '-inf', whole(now - windowMs))
if redis.call('ZSCORE', calls, sid) then return { 'admitted' } end
if redis.call('ZSCORE', arrivals, sid) then return { 'admitted' } end
if redis.call('ZCARD', calls) >= callsMax or redis.call('ZCARD', arrivals) >= arrivalsMax then return { 'tooMany' } end
redis.call('ZADD', calls, whole(now), sid)
redis.call('ZADD', arrivals, whole(now), sid)
redis.call('PEXPIRE', calls, ${directoryLimits.callerCallLifeMs})
redis.call('PEXPIRE', arrivals, windowMs)
return { 'admitted' }
`,
);

/** Blocks a caller until a time. Entries that have run out make room first. */
export const blockCallerScript = script(
  'blockCaller',
  ['block'],
  `${BLOCKED}
local caller, lifeMs, info = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local now = clock()
if redis.call('HEXISTS', block, caller) == 0 and redis.call('HLEN', block) >= ${directoryLimits.blocksMax} then
  local all = redis.call('HGETALL', block)
  for i = 1, #all, 2 do
    if untilOf(all[i + 1]) <= now then redis.call('HDEL', block, all[i]) end
  end
  if redis.call('HLEN', block) >= ${directoryLimits.blocksMax} then return { 'full' } end
end
redis.call('HSET', block, caller, whole(now + lifeMs) .. ' ' .. info)
if redis.call('PTTL', block) < lifeMs then redis.call('PEXPIRE', block, whole(lifeMs)) end
return { 'blocked' }
`,
);
