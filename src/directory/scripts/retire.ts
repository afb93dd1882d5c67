import { placementScript, totalsHelpers, totalsKeys } from './placement.ts';

/**
 * A node that ends on purpose leaves the registry, unless a successor has its name by now. Its reservations go with it:
 * a successor must not be relieved of what it never held.
 */
export const retireScript = placementScript(
  'retire',
  ['node', 'live', 'spent', 'reservation', 'reservedAt', ...totalsKeys],
  `${totalsHelpers}
local name, incarnation = ARGV[1], ARGV[2]
local known = redis.call('HGET', node, name)
if not known or string.match(known, '^%S+') ~= incarnation then return { 'none' } end
redis.call('HDEL', node, name)
local places = redis.call('HGETALL', reservedAt)
for i = 1, #places, 2 do
  if places[i + 1] == name then
    redis.call('HDEL', reservedAt, places[i])
    redis.call('ZREM', reservation, places[i])
  end
end
redis.call('HDEL', capacity, name)
redis.call('HDEL', live, name)
redis.call('HDEL', spent, 'told ' .. name)
redis.call('ZREM', load, name)
redis.call('ZREM', heartbeat, name)
recount(clock())
return { 'retired' }
`,
  { frees: true },
);
