import { directoryLimits } from '../limits.ts';
import { placementHelpers, placementScriptKeys } from './placement.ts';
import { script } from './script.ts';

/**
 * Keeps a reservation alive at the node where the call's stream has come; one that stood elsewhere, or nowhere, moves
 * there, which may use the room kept for the loss of a node but not more than the node takes.
 */
export const renewScript = script(
  'renew',
  placementScriptKeys,
  `${placementHelpers}
local sid, name = ARGV[1], ARGV[2]
local now = clock()
local untilMs = now + ${directoryLimits.reservationLifeMs}
sweep(now)
local at = redis.call('HGET', resat, sid)
if at == name then
  redis.call('ZADD', res, whole(untilMs), sid)
  return { 'renewed' }
end
local room = tonumber(redis.call('HGET', cap, name) or '0') - tonumber(redis.call('ZSCORE', load, name) or '0')
if room < 1 then return { 'full' } end
if at then drop(sid) end
hold(sid, name, untilMs)
return { 'moved', at or '' }
`,
);
