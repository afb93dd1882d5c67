import { script } from './script.ts';

/** Puts hash and marker of a call back that Redis has lost, or has an older epoch of, under its holder's own epoch. */
export const restoreScript = script(
  'restore',
  ['call', 'log', 'due'],
  `
local sid, epoch, owner, state, from, to, dueIn, lifeMs =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local h = redis.call('HMGET', call, 'epoch', 'owner', 'ended')
local stored = tonumber(h[1]) or 0
if stored > tonumber(epoch) or h[3] or (h[1] == epoch and h[2] ~= owner) then
  return { 'fenced', h[1], h[3] or '' }
end
local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local tailEpoch = tail and tonumber(string.match(tail[1], '^%d+')) or 0
if tailEpoch > tonumber(epoch) then return { 'fenced', whole(tailEpoch), '' } end
local now = clock()
redis.call('HDEL', call, 'intent', 'intentEpoch', 'taken', 'answer', 'token')
redis.call('HSET', call, 'epoch', epoch, 'owner', owner, 'state', state, 'from', from, 'to', to, 'claimedAt', whole(now))
if tailEpoch < tonumber(epoch) then redis.call('XADD', log, epoch .. '-0', 'c', 'restore', 'n', owner) end
redis.call('PEXPIRE', call, lifeMs)
redis.call('PEXPIRE', log, lifeMs)
redis.call('ZADD', due, whole(now + dueIn), sid)
return { 'restored', epoch }
`,
);
