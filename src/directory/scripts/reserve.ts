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

/**
 * Chooses a node for a call and holds a place there. A repeat renews while that node is alive and not draining.
 * The room that the loss of the largest node would need is kept: only class `live` may use it; it passes the waiting
 * room and no ceiling bounds it.
 */
export const reserveScript = placementScript(
  'reserve',
  ['node', ...totalsKeys, ...reservationKeys, ...queueKeys],
  `${reservationHelpers}${totalsHelpers}${queueHelpers}
local sid, class, preferred, ceiling = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = clock()
local untilMs = now + ${directoryLimits.reservationLifeMs}
sweep(now)
local at = redis.call('HGET', reservedAt, sid)
if at then
  if takesCalls(at, now) then
    leave(sid)
    redis.call('ZADD', reservation, whole(untilMs), sid)
    return { 'placed', at, redis.call('HGET', node, at) or '', 'again' }
  end
  drop(sid)
end
local waiting = redis.call('ZCARD', queue)
if class == 'new' and waiting > 0 then
  sweepQueue(now)
  waiting = redis.call('ZCARD', queue)
  if waiting > 0 then return { 'queued', waiting } end
end
local t = current(now)
if t.nodes == 0 then return { 'nowhere' } end
if class ~= 'live' then
  local free, bound = freeOf(t, ceiling)
  if free < 1 then return { 'full', bound } end
end
local best = choose(preferred)
if not best then return { 'full', 'nodes' } end
hold(sid, best, untilMs)
if waiting > 0 then leave(sid) end
return { 'placed', best, redis.call('HGET', node, best) or '', 'new' }
`,
);
