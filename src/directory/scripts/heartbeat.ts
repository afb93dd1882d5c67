import { directoryLimits } from '../limits.ts';
import {
  placementScript,
  queueHelpers,
  queueKeys,
  reservationHelpers,
  reservationKeys,
  totalsHelpers,
} from './placement.ts';

/**
 * Strikes silent nodes, mends loads that their reservations do not explain, and changes the sums by what one node says
 * where they were made a moment ago: with hundreds of nodes each making them anew would keep Redis busy.
 */
const UPKEEP = `
local function strike(now)
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', heartbeat, '-inf', whole(now - ${directoryLimits.nodeForgetMs}), 'LIMIT', 0, 10)) do
    redis.call('ZREM', heartbeat, old)
    redis.call('ZREM', load, old)
    redis.call('HDEL', live, old)
    redis.call('HDEL', spent, 'told ' .. old)
    redis.call('HDEL', capacity, old)
    redis.call('HDEL', node, old)
  end
end
local function mend(now)
  local at = tonumber(redis.call('HGET', totals, 'mendedAt') or '0')
  if now - at < ${directoryLimits.recountMs} and at <= now then return end
  if redis.call('HLEN', reservedAt) > ${directoryLimits.recountMax} then return end
  redis.call('HSET', totals, 'mendedAt', whole(now))
  local isChanged = false
  local held, places = {}, redis.call('HGETALL', reservedAt)
  local isWhole = #places == 2 * redis.call('ZCARD', reservation)
  for i = 1, #places, 2 do
    if isWhole or redis.call('ZSCORE', reservation, places[i]) then
      held[places[i + 1]] = (held[places[i + 1]] or 0) + 1
    else
      redis.call('HDEL', reservedAt, places[i])
    end
  end
  local loads = redis.call('ZRANGE', load, 0, -1, 'WITHSCORES')
  for i = 1, #loads, 2 do
    local sum = tonumber(redis.call('HGET', live, loads[i]) or '0') + (held[loads[i]] or 0)
    if sum ~= tonumber(loads[i + 1]) then
      redis.call('ZADD', load, sum, loads[i])
      isChanged = true
    end
  end
  return isChanged
end
local function adjust(now, name, takes, tookBefore, carries, carriedBefore)
  local h = redis.call('HMGET', totals, 'madeAt', 'untilMs', 'most', 'open')
  local madeAt, untilMs, most = tonumber(h[1] or '0'), tonumber(h[2] or '0'), tonumber(h[3] or '0')
  if now < madeAt or now - madeAt >= ${directoryLimits.totalsMs} or now > untilMs then return false end
  if tookBefore == most and takes < most then return false end
  if not redis.call('ZSCORE', room, name) then return false end
  redis.call('ZADD', room, takes - carries, name)
  redis.call('HINCRBY', totals, 'capacity', takes - tookBefore)
  redis.call('HINCRBY', totals, 'load', carries - carriedBefore)
  redis.call('HSET', totals, 'most', math.max(most, takes),
    'open', tonumber(h[4]) + (takes > 0 and 1 or 0) - (tookBefore > 0 and 1 or 0))
  return true
end
`;

/**
 * Adds what was spent to the hour and the day of Redis' clock (UTC), what was told before once. A clock that goes back
 * opens no hour again.
 */
const SPENDING = `
local function spend(now, micros, teller, telling)
  local h = redis.call('HMGET', spent, 'hour', 'hourMicros', 'day', 'dayMicros', teller)
  if h[5] == telling then micros = 0 end
  if micros > 0 then redis.call('HSET', spent, teller, telling) end
  local hour, day = math.floor(now / 3600000), math.floor(now / 86400000)
  local function sumOf(stored, sum, period)
    return (stored and tonumber(stored) >= period and tonumber(sum) or 0) + micros
  end
  local ofHour, ofDay = sumOf(h[1], h[2], hour), sumOf(h[3], h[4], day)
  redis.call('HSET', spent, 'hour', math.max(hour, tonumber(h[1] or '0')), 'hourMicros', whole(ofHour),
    'day', math.max(day, tonumber(h[3] or '0')), 'dayMicros', whole(ofDay))
  return whole(ofHour), whole(ofDay)
end
local function learn(said)
  local known = redis.call('GET', model) or ''
  if said == '' then return known end
  if known ~= '' and cjson.decode(known).at > cjson.decode(said).at then return known end
  redis.call('SET', model, said, 'PX', ${directoryLimits.modelBudgetLifeMs})
  return said
end
`;

/**
 * A node says that it lives and how many calls it holds; the reservations of calls named have become calls. Load =
 * calls of the last heartbeat + reservations. A starting process takes its node's name over; the one before learns of
 * it at its next heartbeat. Nodes silent for long are struck. The answer tells how the whole fleet stands.
 */
export const heartbeatScript = placementScript(
  'heartbeat',
  [
    ...(['node', 'live', 'heartbeat', 'capacity'] as const),
    ...reservationKeys,
    ...queueKeys,
    ...(['ticket', 'spent', 'model', 'switches', 'switchInfo'] as const),
  ],
  `${reservationHelpers}${totalsHelpers}${queueHelpers}${UPKEEP}${SPENDING}
local name, incarnation, addresses, takes, liveNow, starting =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local micros, telling, said = tonumber(ARGV[7]), incarnation .. ' ' .. ARGV[8], ARGV[9]
local now = clock()
local known = redis.call('HGET', node, name)
if known and not starting then
  local theirs = string.match(known, '^%S+')
  if theirs ~= incarnation then return { 'superseded', theirs } end
end
sweep(now)
sweepQueue(now)
for i = 10, #ARGV do drop(ARGV[i]) end
local before = tonumber(redis.call('HGET', live, name) or '0')
local carriedBefore = tonumber(redis.call('ZSCORE', load, name) or '0')
local tookBefore = tonumber(redis.call('HGET', capacity, name) or '0')
local reserved = math.max(0, carriedBefore - before)
redis.call('ZADD', load, reserved + liveNow, name)
redis.call('HSET', live, name, liveNow)
redis.call('HSET', node, name, incarnation .. ' ' .. addresses)
redis.call('HSET', capacity, name, takes)
redis.call('ZADD', heartbeat, whole(now), name)
redis.call('HSET', totals, 'beatAt', whole(now))
strike(now)
local isKept = not mend(now) and adjust(now, name, takes, tookBefore, reserved + liveNow, carriedBefore)
local t = isKept and current(now) or recount(now)
local ofHour, ofDay = spend(now, micros, 'told ' .. name, telling)
local budget = learn(said)
for _, key in ipairs(KEYS) do
  if key ~= model and key ~= switches and key ~= switchInfo then redis.call('PEXPIRE', key, ${directoryLimits.nodeKeyLifeMs}) end
end
redis.call('PEXPIRE', switches, ${directoryLimits.switchLifeMs})
redis.call('PEXPIRE', switchInfo, ${directoryLimits.switchLifeMs})
return { 'ok', whole(now), whole(reserved), t.nodes, t.capacity, t.load, keptOf(t), redis.call('ZCARD', queue),
  ofHour, ofDay, budget, unpack(redis.call('HGETALL', switches)) }
`,
  { frees: true },
);
