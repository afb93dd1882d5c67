import { directoryLimits } from '../limits.ts';
import {
  placementScript,
  queueHelpers,
  queueKeys,
  reservationHelpers,
  reservationKeys,
  totalsHelpers,
  totalsKeys,
} from './placement.ts';

/** Whoever was in a conversation stands before everybody who was not: their scores are so much lower. */
const LIVE_AHEAD = 4e15;

/** How long a waiter listens before it asks again, by position: `[last position, ms]`; then `PIECE_MAX_MS`. */
const PIECES = [
  [20, 1_000],
  [40, 2_000],
  [80, 4_000],
  [160, 8_000],
] as const;
const PIECE_MAX_MS = 16_000;

const lineKeys = [...queueKeys, 'ticket', 'placed'] as const;

/**
 * Tickets are times, so that one given after a loss of Redis still stands behind all given before it. `enter` puts a
 * caller where its ticket says, `standing` is what it is told.
 */
const LINE = `${queueHelpers}
local function enter(sid, class, given, now)
  local ahead = class == 'live' and ${LIVE_AHEAD.toFixed(0)} or 0
  local score = tonumber(redis.call('ZSCORE', queue, sid) or 'inf')
  if given == 0 then
    if score < math.huge then return end
    given = math.max(now, tonumber(redis.call('GET', ticket) or '0') + 1)
  end
  if given - ahead >= score then return end
  if given > tonumber(redis.call('GET', ticket) or '0') then
    redis.call('SET', ticket, whole(given), 'PX', ${directoryLimits.nodeKeyLifeMs})
  end
  redis.call('ZADD', queue, whole(given - ahead), sid)
  redis.call('PEXPIRE', queue, ${directoryLimits.queueKeyLifeMs})
end
local function pieceAt(position)
${PIECES.map(([last, ms]) => `  if position <= ${last} then return ${ms} end`).join('\n')}
  return ${PIECE_MAX_MS}
end
local function perMinute(now)
  local times, count, oldest = redis.call('LRANGE', placed, 0, -1), 0, now
  for _, at in ipairs(times) do
    if now - tonumber(at) <= ${directoryLimits.paceLifeMs} then count, oldest = count + 1, math.min(oldest, tonumber(at)) end
  end
  if count < ${directoryLimits.paceSamplesMin} then return '' end
  return string.format('%.3f', (count - 1) * 60000 / math.max(now - oldest, ${directoryLimits.paceSpanMinMs}))
end
local function standing(sid, rank, now)
  local piece = pieceAt(rank + 1)
  redis.call('ZADD', queueDue, whole(now + piece + math.max(${directoryLimits.queueGraceMs}, piece)), sid)
  redis.call('PEXPIRE', queueDue, ${directoryLimits.queueKeyLifeMs})
  local score = tonumber(redis.call('ZSCORE', queue, sid))
  local mine = score < 0 and score + ${LIVE_AHEAD.toFixed(0)} or score
  return { 'waiting', whole(mine), rank + 1, redis.call('ZCARD', queue), piece, perMinute(now) }
end
`;

/** Puts a caller into the waiting room, behind all who are there or back at the place of its ticket. */
export const joinQueueScript = placementScript(
  'joinQueue',
  lineKeys,
  `${LINE}
local sid, class, given = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = clock()
sweepQueue(now)
if class == 'new' and given == 0 and redis.call('ZCARD', queue) >= ${directoryLimits.queueMax}
  and not redis.call('ZSCORE', queue, sid) then
  return { 'full', ${directoryLimits.queueMax} }
end
enter(sid, class, given, now)
return standing(sid, redis.call('ZRANK', queue, sid), now)
`,
);

/**
 * A waiter asks: it is placed when fewer stand before it than places are free. For those who were in a conversation
 * every place counts, for others neither the room kept for the loss of a node nor what is above the ceiling.
 */
export const pollQueueScript = placementScript(
  'pollQueue',
  ['node', ...totalsKeys, ...reservationKeys, ...lineKeys],
  `${reservationHelpers}${totalsHelpers}${LINE}
local sid, class, given, ceiling, preferred = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local now = clock()
local untilMs = now + ${directoryLimits.reservationLifeMs}
sweep(now)
local at = redis.call('HGET', reservedAt, sid)
if at then
  if takesCalls(at, now) then
    leave(sid)
    redis.call('ZADD', reservation, whole(untilMs), sid)
    return { 'placed', at, redis.call('HGET', node, at) or '' }
  end
  drop(sid)
end
sweepQueue(now)
enter(sid, class, given, now)
local rank = redis.call('ZRANK', queue, sid)
local free = 0
if class == 'live' then
  current(now)
  local rooms = redis.call('ZREVRANGEBYSCORE', room, '+inf', 1, 'WITHSCORES', 'LIMIT', 0, 16)
  for i = 2, #rooms, 2 do free = free + tonumber(rooms[i]) end
else
  free = freeOf(current(now), ceiling)
end
local best = rank < free and choose(preferred)
if not best then return standing(sid, rank, now) end
hold(sid, best, untilMs)
leave(sid)
redis.call('LPUSH', placed, whole(now))
redis.call('LTRIM', placed, 0, ${directoryLimits.paceSamplesMax - 1})
redis.call('PEXPIRE', placed, ${directoryLimits.paceLifeMs})
return { 'placed', best, redis.call('HGET', node, best) or '' }
`,
);

/** A caller leaves the waiting room for something else than a node. */
export const leaveQueueScript = placementScript(
  'leaveQueue',
  queueKeys,
  `${queueHelpers}
return { leave(ARGV[1]) and 'left' or 'none' }
`,
  { frees: true },
);
