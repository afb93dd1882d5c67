import { script } from './script.ts';

/**
 * A webhook takes a call: raises the epoch, sets the owner to none, writes the marker `<epoch>-0`.
 * An arrival claims only a call that nobody knows, a poll of the waiting room none that is streamed. A retry of an
 * answered request gets the stored answer; one that meets the same request under way is told to wait, until that one
 * counts as abandoned. An intent is handed out until an append of the claiming epoch has made it a fact (`taken`); a
 * check leaves it, and a redirect, to the request that is to come. While the carrier is being redirected only what it
 * was told to send (`move`) may claim, or a request that finds an intent: that caller came by itself.
 */
export const claimWebhookScript = script(
  'claimWebhook',
  ['call', 'log', 'due'],
  `
local kind, sid, given, dueIn, token = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local node, from, to, breaks, expect = ARGV[6], ARGV[7], ARGV[8], ARGV[9] == '1', ARGV[10]
local lifeMs, unansweredMs, breakLifeMs, breaksMax = ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
local move, version = ARGV[15], ARGV[16]
local now = clock()
local h = redis.call('HMGET', call, 'epoch', 'state', 'intent', 'intentEpoch', 'taken', 'broken', 'token', 'answer',
  'from', 'to', 'ended', 'owner', 'claimedAt', 'redirect')
local old = tonumber(h[1])
if not old and kind ~= 'arrive' then return { 'unknown' } end
local same = old and (kind == 'arrive' or (token ~= '' and h[7] == token))
if same then
  if h[8] then return { 'answered', h[1], h[8] } end
  local age = now - (tonumber(h[13]) or 0)
  if not h[11] and age >= 0 and age < unansweredMs then return { 'pending', h[1] } end
end
if h[11] then return { 'ended', h[1], h[11] } end
if kind == 'arrive' and old and (h[2] or '') ~= '' then return { 'moved', h[1], h[12] or '' } end
if expect ~= '' and h[1] ~= expect then return { 'moved', h[1], h[12] or '' } end
if kind == 'wait' and (h[12] or '') ~= '' then return { 'moved', h[1], h[12] or '' } end

local isRepeat = same and token ~= ''
local movedFrom, redirectMs, countedAt = string.match(h[14] or '', '^(%d+) (%d+) (%d+)')
if move ~= '' and not isRepeat and move ~= h[1] and move ~= movedFrom then return { 'moved', h[1], h[12] or '' } end

local left = h[3] and h[4] == h[1] and h[3] or h[5]
local intent = kind == 'next' and left
if kind == 'next' and move == '' and not intent and redirectMs and tonumber(redirectMs) > now then
  return { 'redirecting', h[1], redirectMs }
end
local times = {}
for at in string.gmatch(h[6] or '', '%d+') do
  if now - tonumber(at) < breakLifeMs then times[#times + 1] = at end
end
local isCounted = isRepeat or (countedAt and now - tonumber(countedAt) < breakLifeMs)
if breaks and not intent and not isCounted then times[#times + 1] = whole(now) end
while #times > breaksMax do table.remove(times, 1) end

local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local logged = last and tonumber(string.match(last[1], '^%d+')) or 0
local epoch = whole(math.max(now, (old or 0) + 1, given + 1, logged + 1))
redis.call('HDEL', call, 'intent', 'intentEpoch', 'taken', 'answer', 'token', 'attempt')
redis.call('HSET', call, 'epoch', epoch, 'owner', '', 'claimedAt', whole(now), 'broken', table.concat(times, ','))
if intent then redis.call('HSET', call, 'taken', intent) end
if kind == 'check' then
  if left then redis.call('HSET', call, 'intent', left, 'intentEpoch', epoch) end
else
  redis.call('HDEL', call, 'redirect')
end
if token ~= '' then redis.call('HSET', call, 'token', token) end
if not old then redis.call('HSET', call, 'from', from, 'to', to, 'state', '') end
redis.call('XADD', log, epoch .. '-0', 'c', kind, 'n', node, 'v', version)
redis.call('PEXPIRE', call, lifeMs)
redis.call('PEXPIRE', log, lifeMs)
redis.call('ZADD', due, whole(now + dueIn), sid)
return { 'claimed', epoch, whole(now), h[2] or '', intent, #times, h[9] or from, h[10] or to, h[12] or '', h[1] or '0' }
`,
);
