import { directoryLimits } from '../limits.ts';
import { placementHelpers, placementScriptKeys } from './placement.ts';
import { script } from './script.ts';

/**
 * A node says that it lives and how many calls it holds; the reservations of calls named have become calls. Load =
 * calls of the last heartbeat + reservations. A starting process takes its node's name over; the one before learns of
 * it at its next heartbeat. Nodes silent for long are struck.
 */
export const heartbeatScript = script(
  'heartbeat',
  placementScriptKeys,
  `${placementHelpers}
local name, incarnation, addresses, capacity, liveNow, starting =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
local now = clock()
local known = redis.call('HGET', node, name)
if known and not starting then
  local theirs = string.match(known, '^%S+')
  if theirs ~= incarnation then return { 'superseded', theirs } end
end
sweep(now)
for i = 7, #ARGV do drop(ARGV[i]) end
local before = tonumber(redis.call('HGET', live, name) or '0')
local reserved = math.max(0, tonumber(redis.call('ZSCORE', load, name) or '0') - before)
redis.call('ZADD', load, reserved + liveNow, name)
redis.call('HSET', live, name, liveNow)
redis.call('HSET', node, name, incarnation .. ' ' .. addresses)
redis.call('HSET', cap, name, capacity)
redis.call('ZADD', hb, whole(now), name)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', hb, '-inf', whole(now - ${directoryLimits.nodeForgetMs}), 'LIMIT', 0, 10)) do
  redis.call('ZREM', hb, old)
  redis.call('ZREM', load, old)
  redis.call('HDEL', live, old)
  redis.call('HDEL', cap, old)
  redis.call('HDEL', node, old)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${directoryLimits.nodeKeyLifeMs}) end
return { 'ok', whole(now), tostring(reserved) }
`,
  { frees: true },
);
