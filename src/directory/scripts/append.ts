import { script } from './script.ts';

/**
 * Adds facts under the caller's epoch, numbered from `firstSeq`. What the log already has is skipped one by one; the
 * rest must go on where the log ends. What else the batch says (state, deadline, intent, answer, end) is applied only
 * when the batch reaches the log's end: a delayed duplicate must not turn anything back.
 */
export const appendScript = script(
  'append',
  ['call', 'log', 'outbox', 'due'],
  `
local epoch, sid, firstSeq, state, deadline, intent = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local token, answer, ended, disown, endedLifeMs = ARGV[7], ARGV[8], ARGV[9], ARGV[10] == '1', ARGV[11]
local FIRST = 12
local count = #ARGV - FIRST + 1
local h = redis.call('HMGET', call, 'epoch', 'ended')
if not h[1] or tonumber(h[1]) < tonumber(epoch) then return { 'behind', h[1] or '0' } end
if h[1] ~= epoch then return { 'fenced', h[1], h[2] or '' } end
local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local tailEpoch, tailSeq
if tail then tailEpoch, tailSeq = string.match(tail[1], '^(%d+)-(%d+)$') end
if tailEpoch ~= epoch then return { 'behind', h[1] } end
local last = tonumber(tailSeq)
if count == 0 then return { 'ok', tailSeq, 0, h[2] or '' } end
local finalSeq = firstSeq + count - 1
if finalSeq < last then return { 'ok', tailSeq, 0, h[2] or '' } end
if h[2] and finalSeq > last then return { 'fenced', h[1], h[2] } end
local skipped = math.max(0, last + 1 - firstSeq)
if firstSeq > last + 1 then return { 'gap', tailSeq } end
for i = FIRST + skipped, #ARGV do
  last = last + 1
  local id = epoch .. '-' .. last
  redis.call('XADD', log, id, 'f', ARGV[i])
  redis.call('XADD', outbox, '*', 'c', sid, 'i', id, 'f', ARGV[i])
end
redis.call('HDEL', call, 'taken')
if state ~= '' then redis.call('HSET', call, 'state', state) end
if intent == 'none' then
  redis.call('HDEL', call, 'intent', 'intentEpoch')
elseif intent ~= '' then
  redis.call('HSET', call, 'intent', intent, 'intentEpoch', epoch)
end
if token ~= '' then redis.call('HSET', call, 'token', token) end
if answer ~= '' then redis.call('HSET', call, 'answer', answer) end
if disown or ended ~= '' then redis.call('HSET', call, 'owner', '') end
if ended ~= '' then
  redis.call('HSET', call, 'ended', ended)
  redis.call('HDEL', call, 'intent', 'intentEpoch', 'redirect')
  redis.call('PEXPIRE', call, endedLifeMs)
  redis.call('PEXPIRE', log, endedLifeMs)
end
if ended ~= '' or deadline == 'none' then
  redis.call('ZREM', due, sid)
elseif deadline ~= '' then
  redis.call('ZADD', due, deadline, sid)
end
return { 'ok', tostring(last), count - skipped, ended }
`,
);
