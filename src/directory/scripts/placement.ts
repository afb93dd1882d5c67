import { directoryLimits } from '../limits.ts';

/** The keys of every placement script, in this order. */
export const placementScriptKeys = ['node', 'load', 'live', 'hb', 'cap', 'res', 'resat', 'queue'] as const;

/**
 * What the placement scripts share: `lighten` never takes a load below nothing nor brings a forgotten node back,
 * `drop` gives up one reservation, `sweep` those that ran out, a bounded number at a time.
 */
export const placementHelpers = `
local function lighten(name)
  local score = tonumber(redis.call('ZSCORE', load, name) or '0')
  if score >= 1 then redis.call('ZINCRBY', load, -1, name) end
end
local function drop(sid)
  local at = redis.call('HGET', resat, sid)
  if not at then return false end
  redis.call('HDEL', resat, sid)
  redis.call('ZREM', res, sid)
  lighten(at)
  return at
end
local function hold(sid, name, untilMs)
  redis.call('ZADD', res, whole(untilMs), sid)
  redis.call('HSET', resat, sid, name)
  redis.call('ZINCRBY', load, 1, name)
  redis.call('PEXPIRE', res, ${directoryLimits.nodeKeyLifeMs})
  redis.call('PEXPIRE', resat, ${directoryLimits.nodeKeyLifeMs})
end
local function sweep(now)
  local late = redis.call('ZRANGEBYSCORE', res, '-inf', whole(now), 'LIMIT', 0, ${directoryLimits.reservationSweepMax})
  for _, sid in ipairs(late) do drop(sid) end
end
local function fresh(name, now)
  local at = redis.call('ZSCORE', hb, name)
  return at and now - tonumber(at) <= ${directoryLimits.heartbeatStaleMs}
end
`;
