import { script } from './script.ts';

/**
 * Adds one fact that moves no state to a call that nobody holds, under its last epoch: what the carrier says of a call
 * on its way or after its end. Its key names the thing told, so that a repeat adds nothing. While a webhook has claimed
 * the call and not yet appended, the place at the log's end is that webhook's.
 */
export const appendLateScript = script(
  'appendLate',
  ['call', 'log', 'outbox'],
  `
local sid, key, fact, factsMax = ARGV[1], 'late:' .. ARGV[2], ARGV[3], tonumber(ARGV[4])
local h = redis.call('HMGET', call, 'epoch', 'ended', 'owner', key, 'lateFacts')
if not h[1] then return { 'unknown' } end
if not h[2] and h[3] and h[3] ~= '' then return { 'live', h[1], h[3] } end
if h[4] then return { 'repeated', h[1], h[4] } end
if (tonumber(h[5]) or 0) >= factsMax then return { 'full', h[1] } end
local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local tailEpoch, tailSeq = h[1], '0'
if tail then tailEpoch, tailSeq = string.match(tail[1], '^(%d+)-(%d+)$') end
if not h[2] and (tailEpoch ~= h[1] or tailSeq == '0') then return { 'busy' } end
local seq = tostring(tonumber(tailSeq) + 1)
local id = tailEpoch .. '-' .. seq
redis.call('XADD', log, id, 'f', fact)
redis.call('XADD', outbox, '*', 'c', sid, 'i', id, 'f', fact)
redis.call('HSET', call, key, seq)
redis.call('HINCRBY', call, 'lateFacts', 1)
if h[2] then redis.call('PEXPIRE', log, redis.call('PTTL', call)) end
return { 'ok', tailEpoch, seq }
`,
);
