import { directoryLimits } from '../limits.ts';
import { placementScript, queueHelpers, queueKeys, reservationHelpers, reservationKeys } from './placement.ts';

/**
 * Keeps a reservation alive at the node where the call's stream has come; one that stood elsewhere, or nowhere, moves
 * there, which may use the room kept for the loss of a node but not more than the node takes.
 */
export const renewScript = placementScript(
  'renew',
  ['capacity', ...reservationKeys, ...queueKeys],
  `${reservationHelpers}${queueHelpers}
local sid, name = ARGV[1], ARGV[2]
local now = clock()
local untilMs = now + ${directoryLimits.reservationLifeMs}
sweep(now)
local at = redis.call('HGET', reservedAt, sid)
if at == name then
  redis.call('ZADD', reservation, whole(untilMs), sid)
  leave(sid)
  return { 'renewed' }
end
local left = tonumber(redis.call('HGET', capacity, name) or '0') - tonumber(redis.call('ZSCORE', load, name) or '0')
if left < 1 then return { 'full' } end
if at then drop(sid) end
hold(sid, name, untilMs)
leave(sid)
return { 'moved', at or '' }
`,
);
