import { staffKeys } from '../keys.ts';
import { directoryLimits } from '../limits.ts';
import { script } from './script.ts';

/**
 * A hold keeps one member for one call: `<until ms> <state> <attempt> <CallSid>`, `-` for no call. The attempt tells it
 * from later holds of the same member for the same call, whose callbacks may be told late. One that has run out counts
 * as gone wherever it is met.
 */
const HOLDS = `
local function readHold(number, now)
  local text = redis.call('HGET', hold, number)
  if not text then return nil end
  local untilMs, state, attempt, sid = string.match(text, '^(%d+) (%a+) (%d+) (%S+)$')
  if not untilMs or tonumber(untilMs) <= now then
    redis.call('HDEL', hold, number)
    return nil
  end
  return { number = number, state = state, attempt = attempt, sid = sid }
end
local function writeHold(number, state, attempt, sid, now, lifeMs)
  redis.call('HSET', hold, number, whole(now + lifeMs) .. ' ' .. state .. ' ' .. attempt .. ' ' .. sid)
  if redis.call('PTTL', hold) < lifeMs then redis.call('PEXPIRE', hold, whole(lifeMs)) end
end
local function holdsNow(now)
  local found = {}
  for _, number in ipairs(redis.call('HKEYS', hold)) do
    local each = readHold(number, now)
    if each then found[#found + 1] = each end
  end
  return found
end
local function isFree(number, now) return readHold(number, now) == nil end
-- A call may ring two members within a millisecond.
local function attemptAt(now, tries) return whole(now * 10 + tries % 10) end
`;

/**
 * Waiters stand in the order of their tickets, which are times; who has waited too long is no longer in line. An offer
 * that nobody took, perhaps because the process that was to tell it is dead, puts its call back in its old place, once.
 */
const LINE = `
local function sweepLine(now)
  local kept = {}
  for _, each in ipairs(holdsNow(now)) do kept[each.sid] = true end
  local lapsed = redis.call('ZRANGE', offered, 0, -1, 'WITHSCORES')
  for i = 1, #lapsed, 2 do
    if not kept[lapsed[i]] then redis.call('ZADD', queue, lapsed[i + 1], lapsed[i]) end
  end
  for _, sid in ipairs(redis.call('ZRANGEBYSCORE', queue, '-inf', whole(now - ${directoryLimits.staffWaitMs}))) do
    redis.call('ZREM', queue, sid)
    redis.call('ZREM', offered, sid)
    redis.call('HDEL', waiter, sid)
  end
end
local function leaveLine(sid)
  redis.call('HDEL', waiter, sid)
  redis.call('ZREM', offered, sid)
  return redis.call('ZREM', queue, sid) == 1
end
local function offerTo(sid)
  local ticket, reason = redis.call('ZSCORE', queue, sid), redis.call('HGET', waiter, sid) or ''
  local isLast = redis.call('ZSCORE', offered, sid)
  leaveLine(sid)
  if not isLast then
    redis.call('ZADD', offered, ticket, sid)
    redis.call('HSET', waiter, sid, reason)
    redis.call('PEXPIRE', offered, ${directoryLimits.staffWaitMs})
    redis.call('PEXPIRE', queue, ${directoryLimits.staffWaitMs})
    redis.call('PEXPIRE', waiter, ${directoryLimits.staffWaitMs})
  end
  return reason
end
local function joinLine(sid, reason, now)
  if not redis.call('ZSCORE', queue, sid) then
    local last = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')[2]
    redis.call('ZADD', queue, whole(math.max(now, last and tonumber(last) + 1 or 0)), sid)
  end
  redis.call('HSET', waiter, sid, reason)
  redis.call('PEXPIRE', queue, ${directoryLimits.staffWaitMs})
  redis.call('PEXPIRE', waiter, ${directoryLimits.staffWaitMs})
end
local function placeOf(sid)
  local rank = redis.call('ZRANK', queue, sid)
  return rank and rank + 1 or 0
end
`;

/**
 * Keeps the first free one of the candidates for a call, or puts the call in line. A call that has one keeps that one.
 * Members who are free are those of the callers ahead first. ARGV: CallSid; number wanted, '' for any; state; life of
 * the hold, ms; `fresh` forgets who was rung for the call before; `line` minds those who wait, `first` does not; `join`
 * to wait where nobody is free; reason; members that a call rings at most; then the candidates in their order.
 */
export const askStaffScript = script(
  'askStaff',
  ['hold', 'queue', 'waiter', 'offered', 'tried'],
  `${HOLDS}${LINE}
local sid, wanted, state, lifeMs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local fresh, order, join, reason, triesMax = ARGV[5] == 'fresh', ARGV[6], ARGV[7] == 'join', ARGV[8], tonumber(ARGV[9])
local now = clock()
sweepLine(now)
if fresh then redis.call('DEL', tried) end
local function keep(number, attempt)
  writeHold(number, state, attempt, sid, now, lifeMs)
  leaveLine(sid)
  redis.call('SADD', tried, number)
  redis.call('PEXPIRE', tried, ${directoryLimits.staffTriedLifeMs})
  return { 'kept', number, attempt }
end
for _, each in ipairs(holdsNow(now)) do
  if each.sid == sid then return keep(each.number, each.attempt) end
end
local rank = redis.call('ZRANK', queue, sid)
local ahead = order == 'line' and (rank or redis.call('ZCARD', queue)) or 0
local free, spare = {}, redis.call('SCARD', tried) < triesMax
for i = 10, #ARGV do
  if isFree(ARGV[i], now) then
    if ahead > 0 then
      ahead = ahead - 1
    elseif spare and redis.call('SISMEMBER', tried, ARGV[i]) == 0 then
      if ARGV[i] == wanted then return keep(wanted, attemptAt(now, redis.call('SCARD', tried))) end
      free[#free + 1] = ARGV[i]
    end
  end
end
if free[1] then return keep(free[1], attemptAt(now, redis.call('SCARD', tried))) end
if join and not rank then
  if redis.call('ZCARD', queue) >= ${directoryLimits.staffQueueMax} then return { 'full', redis.call('ZCARD', queue) } end
  joinLine(sid, reason, now)
end
return { 'none', placeOf(sid), redis.call('ZCARD', queue) }
`,
);

/** Goes on with a hold of this attempt, in another state and with another life. ARGV: CallSid, attempt, state, life. */
export const holdStaffScript = script(
  'holdStaff',
  ['hold'],
  `${HOLDS}
local sid, attempt, state, lifeMs = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = clock()
for _, each in ipairs(holdsNow(now)) do
  if each.sid == sid and each.attempt == attempt then
    writeHold(each.number, state, attempt, sid, now, lifeMs)
    return { 'held', each.number }
  end
end
return { 'lost' }
`,
);

/**
 * Ends a hold of this attempt: the member is free, or rests for a while. ARGV: CallSid, attempt, ms of rest or 0; the
 * state that it must be in, '' for any.
 */
export const freeStaffScript = script(
  'freeStaff',
  ['hold'],
  `${HOLDS}
local sid, attempt, restMs, only = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local now = clock()
for _, each in ipairs(holdsNow(now)) do
  if each.sid == sid and each.attempt == attempt and (only == '' or each.state == only) then
    if restMs > 0 then writeHold(each.number, 'resting', attempt, '-', now, restMs)
    else redis.call('HDEL', hold, each.number) end
    return { 'freed', each.number }
  end
end
return { 'none' }
`,
  { frees: true },
);

/** The call wants nobody any more: out of the line, and whoever was kept for it is free. ARGV: CallSid. */
export const leaveStaffScript = script(
  'leaveStaff',
  ['hold', 'queue', 'waiter', 'offered', 'tried'],
  `${HOLDS}${LINE}
local sid = ARGV[1]
local isNews = leaveLine(sid)
redis.call('DEL', tried)
for _, each in ipairs(holdsNow(clock())) do
  if each.sid == sid then
    redis.call('HDEL', hold, each.number)
    isNews = true
  end
end
return { isNews and 'left' or 'none' }
`,
  { frees: true },
);

/**
 * Gives each candidate who is free to the head of the line, one after the other. Answers how many wait then, how many
 * are kept or talk, and number, attempt, CallSid and reason of each offer. ARGV: life of an offer, ms; the candidates.
 */
export const matchStaffScript = script(
  'matchStaff',
  ['hold', 'queue', 'waiter', 'offered'],
  `${HOLDS}${LINE}
local lifeMs = tonumber(ARGV[1])
local now = clock()
sweepLine(now)
local offers = {}
for i = 2, #ARGV do
  if isFree(ARGV[i], now) then
    local head = redis.call('ZRANGE', queue, 0, 0)[1]
    if not head then break end
    local attempt, reason = attemptAt(now, 0), offerTo(head)
    writeHold(ARGV[i], 'offered', attempt, head, now, lifeMs)
    for _, part in ipairs({ ARGV[i], attempt, head, reason }) do offers[#offers + 1] = part end
  end
end
local busy = 0
for _, each in ipairs(holdsNow(now)) do
  if each.state ~= 'resting' then busy = busy + 1 end
end
local answer = { 'matched', redis.call('ZCARD', queue), busy }
for _, part in ipairs(offers) do answer[#answer + 1] = part end
return answer
`,
);

/** Who waits, in order. */
export const readLineScript = script(
  'readLine',
  ['queue'],
  `
local waiting = redis.call('ZRANGE', queue, 0, -1)
table.insert(waiting, 1, 'line')
return waiting
`,
);

/** The keys of a script in the order in which it names them. */
export const staffKeysOf = (names: readonly string[], callSid: string): string[] => {
  const keys: Record<string, string> = staffKeys(callSid);
  return names.map((name) => keys[name] ?? '');
};
