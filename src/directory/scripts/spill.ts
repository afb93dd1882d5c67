import { script } from './script.ts';

/**
 * Drops the entries up to and with this one for every group, acknowledged or not, if the oldest is still the one that
 * was looked at: somebody has them elsewhere.
 */
export const spillScript = script(
  'spill',
  ['outbox'],
  `
local first, last = ARGV[1], ARGV[2]
local oldest = redis.call('XRANGE', outbox, '-', '+', 'COUNT', 1)[1]
if not oldest or oldest[1] ~= first then return { 'moved' } end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', outbox)) do
  local name
  for i = 1, #info, 2 do if info[i] == 'name' then name = info[i + 1] end end
  local pending = redis.call('XPENDING', outbox, name, '-', last, 10000)
  while #pending > 0 do
    local ids = {}
    for i, entry in ipairs(pending) do ids[i] = entry[1] end
    for from = 1, #ids, 1000 do
      redis.call('XACK', outbox, name, unpack(ids, from, math.min(from + 999, #ids)))
    end
    pending = redis.call('XPENDING', outbox, name, '-', last, 10000)
  end
end
local ms, seq = string.match(last, '^(%d+)-(%d+)$')
return { 'ok', redis.call('XTRIM', outbox, 'MINID', ms .. '-' .. whole(tonumber(seq) + 1)) }
`,
  { frees: true },
);

/** Adds entries again, as they were: call, place in its journal and fact, three arguments each. */
export const refillScript = script(
  'refill',
  ['outbox'],
  `
for i = 1, #ARGV, 3 do
  redis.call('XADD', outbox, '*', 'c', ARGV[i], 'i', ARGV[i + 1], 'f', ARGV[i + 2])
end
return { 'ok' }
`,
);
