import { directoryLimits } from '../limits.ts';
import { placementHelpers, placementScriptKeys } from './placement.ts';
import { script } from './script.ts';

/**
 * Chooses a node for a call and holds a place there. A repeat renews while that node is alive and not draining.
 * The room that the loss of the largest node would need is kept: only class `live` may use it, and passes the queue.
 */
export const reserveScript = script(
  'reserve',
  placementScriptKeys,
  `${placementHelpers}
local sid, class, preferred = ARGV[1], ARGV[2], ARGV[3]
local now = clock()
local untilMs = now + ${directoryLimits.reservationLifeMs}
sweep(now)
local at = redis.call('HGET', resat, sid)
if at then
  if fresh(at, now) and tonumber(redis.call('HGET', cap, at) or '0') > 0 then
    redis.call('ZADD', res, whole(untilMs), sid)
    return { 'placed', at, redis.call('HGET', node, at) or '', 'again' }
  end
  drop(sid)
end
local waiting = redis.call('ZCARD', queue)
if class == 'new' and waiting > 0 then return { 'queued', tostring(waiting) } end

local alive = redis.call('ZRANGEBYSCORE', hb, whole(now - ${directoryLimits.heartbeatStaleMs}), '+inf')
if #alive == 0 then return { 'nowhere' } end
local caps = redis.call('HMGET', cap, unpack(alive))
local loads = redis.call('ZMSCORE', load, unpack(alive))
local capSum, capMax, loadSum, open, best, bestRoom = 0, 0, 0, 0, nil, 0
for i, name in ipairs(alive) do
  local c, l = tonumber(caps[i] or '0'), tonumber(loads[i] or '0')
  capSum, loadSum, capMax = capSum + c, loadSum + l, math.max(capMax, c)
  if c > 0 then open = open + 1 end
  local room = c - l
  if room >= 1 and (room > bestRoom or name == preferred) and best ~= preferred then best, bestRoom = name, room end
end
if class ~= 'live' then
  local kept = open > 1 and capMax or 0
  if loadSum + 1 > capSum - kept then return { 'full' } end
end
if not best then return { 'full' } end
hold(sid, best, untilMs)
return { 'placed', best, redis.call('HGET', node, best) or '', 'new' }
`,
);
