import type { PlacementKey } from '../keys.ts';
import { directoryLimits } from '../limits.ts';
import { script, type Script, type ScriptOptions } from './script.ts';

/** A script whose keys are those of placement, under their names. */
export interface PlacementScript extends Script {
  readonly keys: readonly PlacementKey[];
}

export function placementScript(
  name: string,
  keys: readonly PlacementKey[],
  body: string,
  options: ScriptOptions = {},
): PlacementScript {
  const each = [...new Set(keys)];
  return { ...script(name, each, body, options), keys: each };
}

/** What `reservationHelpers` touch. */
export const reservationKeys = ['load', 'reservation', 'reservedAt', 'room', 'totals'] as const;

/**
 * A change of one node's load, with everything that is kept of it: `lighten` never takes a load below nothing nor
 * brings a forgotten node back, `drop` gives up one reservation, `sweep` those that ran out, a bounded number at a time.
 */
export const reservationHelpers = `
local function burden(name, by)
  redis.call('ZINCRBY', load, by, name)
  if redis.call('ZADD', room, 'XX', 'INCR', -by, name) then redis.call('HINCRBY', totals, 'load', by) end
end
local function lighten(name)
  local score = tonumber(redis.call('ZSCORE', load, name) or '0')
  if score >= 1 then burden(name, -1) end
end
local function drop(sid)
  local at = redis.call('HGET', reservedAt, sid)
  redis.call('ZREM', reservation, sid)
  if not at then return false end
  redis.call('HDEL', reservedAt, sid)
  lighten(at)
  return at
end
local function hold(sid, name, untilMs)
  redis.call('ZADD', reservation, whole(untilMs), sid)
  redis.call('HSET', reservedAt, sid, name)
  burden(name, 1)
  if redis.call('HLEN', reservedAt) == 1 then
    redis.call('PEXPIRE', reservation, ${directoryLimits.nodeKeyLifeMs})
    redis.call('PEXPIRE', reservedAt, ${directoryLimits.nodeKeyLifeMs})
  end
end
local function sweep(now)
  local late = redis.call('ZRANGEBYSCORE', reservation, '-inf', whole(now), 'LIMIT', 0, ${directoryLimits.reservationSweepMax})
  for _, sid in ipairs(late) do drop(sid) end
end
`;

/** What `totalsHelpers` touch. */
export const totalsKeys = ['live', 'heartbeat', 'capacity', 'load', 'room', 'totals'] as const;

/**
 * The sums over the nodes that live, and the room of each, are kept from call to call. They hold until the oldest of
 * the heartbeats that they were made from is stale: `current` makes them anew then, and heartbeats do before.
 */
export const totalsHelpers = `
local function recount(now)
  local beats = redis.call('ZRANGEBYSCORE', heartbeat, whole(now - ${directoryLimits.heartbeatStaleMs}), '+inf', 'WITHSCORES')
  local names, oldest = {}, now
  for i = 1, #beats, 2 do
    names[#names + 1] = beats[i]
    oldest = math.min(oldest, tonumber(beats[i + 1]))
  end
  local t = { capacity = 0, most = 0, load = 0, open = 0, lost = 0, nodes = #names, untilMs = oldest + ${directoryLimits.heartbeatStaleMs} }
  local silent = redis.call('ZRANGEBYSCORE', heartbeat, whole(now - ${directoryLimits.nodeLostMs}), '(' .. whole(now - ${directoryLimits.heartbeatStaleMs}))
  for _, name in ipairs(silent) do t.lost = t.lost + tonumber(redis.call('HGET', live, name) or '0') end
  redis.call('DEL', room)
  if #names > 0 then
    local caps, loads, rooms = redis.call('HMGET', capacity, unpack(names)), redis.call('ZMSCORE', load, unpack(names)), {}
    for i, name in ipairs(names) do
      local c, l = tonumber(caps[i] or '0'), tonumber(loads[i] or '0')
      t.capacity, t.load, t.most = t.capacity + c, t.load + l, math.max(t.most, c)
      if c > 0 then t.open = t.open + 1 end
      rooms[#rooms + 1] = c - l
      rooms[#rooms + 1] = name
    end
    redis.call('ZADD', room, unpack(rooms))
    redis.call('PEXPIRE', room, ${directoryLimits.nodeKeyLifeMs})
  end
  redis.call('HSET', totals, 'capacity', t.capacity, 'most', t.most, 'load', t.load, 'open', t.open, 'lost', t.lost, 'nodes', t.nodes,
    'untilMs', whole(t.untilMs), 'madeAt', whole(now))
  redis.call('PEXPIRE', totals, ${directoryLimits.nodeKeyLifeMs})
  return t
end
local function current(now)
  local h = redis.call('HMGET', totals, 'untilMs', 'capacity', 'most', 'load', 'open', 'nodes', 'lost')
  local untilMs = tonumber(h[1] or '0')
  if now > untilMs or untilMs > now + ${directoryLimits.heartbeatStaleMs} then return recount(now) end
  return { capacity = tonumber(h[2]), most = tonumber(h[3]), load = tonumber(h[4]), open = tonumber(h[5]), nodes = tonumber(h[6]), lost = tonumber(h[7] or '0') }
end
-- The room that the loss of the largest node would need, or that of nodes just lost does.
local function keptOf(t) return math.max(t.open > 1 and t.most or 0, t.lost) end
-- Places for callers who are not in a conversation yet, and what bounds them.
local function freeOf(t, ceiling)
  local byNodes, byCeiling = t.capacity - keptOf(t) - t.load, ceiling - t.load
  if byCeiling < byNodes then return byCeiling, 'ceiling' end
  return byNodes, 'nodes'
end
local function choose(preferred)
  if preferred ~= '' and tonumber(redis.call('ZSCORE', room, preferred) or '0') >= 1 then return preferred end
  local best = redis.call('ZREVRANGE', room, 0, 0, 'WITHSCORES')
  return best[1] and tonumber(best[2]) >= 1 and best[1] or nil
end
local function takesCalls(name, now)
  local at = redis.call('ZSCORE', heartbeat, name)
  return at and now - tonumber(at) <= ${directoryLimits.heartbeatStaleMs}
    and tonumber(redis.call('HGET', capacity, name) or '0') > 0
end
`;

/** What `queueHelpers` touch. */
export const queueKeys = ['queue', 'queueDue', 'totals'] as const;

/**
 * Waiters leave the room: one by name, or those who were not heard of in time, a bounded number at a time. Where no node
 * was heard of either it was Redis that was away: everybody gets the time to ask again.
 */
export const queueHelpers = `
local function leave(sid)
  local found = redis.call('ZREM', queue, sid)
  redis.call('ZREM', queueDue, sid)
  return found == 1
end
local function sweepQueue(now)
  local h = redis.call('HMGET', totals, 'beatAt', 'graceUntil')
  if h[1] and now - tonumber(h[1]) > ${directoryLimits.heartbeatStaleMs} then
    redis.call('HSET', totals, 'graceUntil', whole(now + ${directoryLimits.queueAwayGraceMs}))
    return
  end
  if h[2] and now < tonumber(h[2]) and tonumber(h[2]) - now <= ${directoryLimits.queueAwayGraceMs} then return end
  local late = redis.call('ZRANGEBYSCORE', queueDue, '-inf', whole(now), 'LIMIT', 0, ${directoryLimits.queueSweepMax})
  for _, sid in ipairs(late) do leave(sid) end
end
`;
