import { script } from './script.ts';

/**
 * Puts hash and marker of a call back that Redis has lost, never had, or has an older epoch of, under its holder's own
 * epoch. The marker stands where the holder's facts will go on: what is missing before it stays missing, and the call
 * can be journaled again. Facts of earlier epochs that the holder has read come back where the log has lost them.
 */
export const restoreScript = script(
  'restore',
  ['call', 'log', 'outbox', 'due'],
  `
local sid, epoch, owner, state, from, to, dueIn, lifeMs, markerSeq =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
local version = ARGV[10]
local EARLIER = 11
local h = redis.call('HMGET', call, 'epoch', 'owner', 'ended')
local stored = tonumber(h[1]) or 0
if stored > tonumber(epoch) or h[3] or (h[1] == epoch and h[2] ~= owner) then
  return { 'fenced', h[1], h[3] or '' }
end
local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local tailEpoch, tailSeq = 0, 0
if tail then
  local e, s = string.match(tail[1], '^(%d+)-(%d+)$')
  tailEpoch, tailSeq = tonumber(e), tonumber(s)
end
if tailEpoch > tonumber(epoch) then return { 'fenced', whole(tailEpoch), '' } end
local now = clock()
redis.call('HDEL', call, 'intent', 'intentEpoch', 'taken', 'answer', 'token')
if h[1] ~= epoch then redis.call('HDEL', call, 'attempt', 'redirect') end
redis.call('HSET', call, 'epoch', epoch, 'owner', owner, 'state', state, 'claimedAt', whole(now))
if not h[1] or from ~= '' then redis.call('HSET', call, 'from', from, 'to', to) end
for i = EARLIER, #ARGV, 2 do
  local id, fact = ARGV[i], ARGV[i + 1]
  local e, s = string.match(id, '^(%d+)-(%d+)$')
  e, s = tonumber(e), tonumber(s)
  if e < tonumber(epoch) and (e > tailEpoch or (e == tailEpoch and s > tailSeq)) then
    if e > tailEpoch then redis.call('XADD', log, whole(e) .. '-0', 'c', 'restore', 'n', owner, 'v', version) end
    redis.call('XADD', log, id, 'f', fact)
    redis.call('XADD', outbox, '*', 'c', sid, 'i', id, 'f', fact)
    tailEpoch, tailSeq = e, s
  end
end
if tailEpoch < tonumber(epoch) or tailSeq < markerSeq then
  redis.call('XADD', log, epoch .. '-' .. whole(markerSeq), 'c', 'restore', 'n', owner, 'v', version)
end
redis.call('PEXPIRE', call, lifeMs)
redis.call('PEXPIRE', log, lifeMs)
redis.call('ZADD', due, whole(now + dueIn), sid)
return { 'restored', epoch }
`,
);
