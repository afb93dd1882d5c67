import { script } from './script.ts';

/**
 * A stream takes a call: only while the epoch of its token is the call's, so that a token works once. The same
 * attempt of the same owner, repeated because its reply was lost, gets the same answer.
 */
export const claimStreamScript = script(
  'claimStream',
  ['call', 'log', 'due'],
  `
local sid, tokenEpoch, owner, attempt, dueIn, lifeMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local version = ARGV[7]
local now = clock()
local h = redis.call('HMGET', call, 'epoch', 'state', 'from', 'to', 'ended', 'owner', 'attempt')
if not h[1] then return { 'unknown' } end
if h[5] then return { 'ended', h[1], h[5] } end
if h[6] == owner and h[7] == tokenEpoch .. ' ' .. attempt then
  return { 'claimed', h[1], whole(now), h[2] or '', h[3] or '', h[4] or '' }
end
if h[1] ~= tokenEpoch then return { 'refused', h[1], h[6] or '' } end
local epoch = whole(math.max(now, tonumber(h[1]) + 1))
redis.call('HDEL', call, 'intent', 'intentEpoch', 'taken', 'redirect')
redis.call('HSET', call, 'epoch', epoch, 'owner', owner, 'attempt', tokenEpoch .. ' ' .. attempt, 'claimedAt', whole(now))
redis.call('XADD', log, epoch .. '-0', 'c', 'stream', 'n', owner, 'v', version)
redis.call('PEXPIRE', call, lifeMs)
redis.call('PEXPIRE', log, lifeMs)
redis.call('ZADD', due, whole(now + dueIn), sid)
return { 'claimed', epoch, whole(now), h[2] or '', h[3] or '', h[4] or '' }
`,
);
