import { directoryLimits } from '../limits.ts';
import { script } from './script.ts';

/**
 * Marks that the carrier is being told to ask `/voice/next` for a call whose owner is dead: only while owner and epoch
 * are those that were judged and a stream holds the call: one whose first append never came is still `ringing`, one
 * whose holder has seen the stream break is `detached`. The mark is `<epoch> <until> <counted at> <by>`; it counts as a
 * break, once for each epoch however often the carrier must be told. The same node's repeat, while its mark lives, gets
 * the same answer.
 */
export const markRedirectScript = script(
  'markRedirect',
  ['call'],
  `
local owner, epoch, by = ARGV[1], ARGV[2], ARGV[3]
local now = clock()
local h = redis.call('HMGET', call, 'epoch', 'owner', 'state', 'ended', 'redirect', 'broken')
if not h[1] then return { 'unknown' } end
if h[4] then return { 'ended' } end
if h[1] ~= epoch or h[2] ~= owner then return { 'moved' } end
if h[3] ~= 'conversation' and h[3] ~= 'ringing' and h[3] ~= 'detached' then return { 'idle' } end
if h[5] then
  local markedFor, untilMs, theirs = string.match(h[5], '^(%d+) (%d+) %d+ (.*)$')
  if markedFor == epoch and tonumber(untilMs) > now then return { theirs == by and 'marked' or 'underWay' } end
end
local before, isFound = h[5] and string.match(h[5], '^' .. epoch .. ' %d+ (%d+) '), false
local times = {}
for at in string.gmatch(h[6] or '', '%d+') do
  if at == before and not isFound then isFound = true
  elseif now - tonumber(at) < ${directoryLimits.breakLifeMs} then times[#times + 1] = at end
end
times[#times + 1] = whole(now)
while #times > ${directoryLimits.breaksMax} do table.remove(times, 1) end
redis.call('HSET', call, 'broken', table.concat(times, ','),
  'redirect', epoch .. ' ' .. whole(now + ${directoryLimits.redirectLifeMs}) .. ' ' .. whole(now) .. ' ' .. by)
return { 'marked' }
`,
);

/** The carrier could not be told: the mark goes, and what it counted. */
export const clearRedirectScript = script(
  'clearRedirect',
  ['call'],
  `
local h = redis.call('HMGET', call, 'redirect', 'broken')
local markedFor, counted = string.match(h[1] or '', '^(%d+) %d+ (%d+) ')
if markedFor ~= ARGV[1] then return { 'none' } end
local times, isFound = {}, false
for at in string.gmatch(h[2] or '', '%d+') do
  if at == counted and not isFound then isFound = true else times[#times + 1] = at end
end
redis.call('HDEL', call, 'redirect')
redis.call('HSET', call, 'broken', table.concat(times, ','))
return { 'cleared' }
`,
  { frees: true },
);
