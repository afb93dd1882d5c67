import { placementScript, totalsHelpers, totalsKeys } from './placement.ts';

/** A node that ends on purpose leaves the registry, unless a successor has its name by now. */
export const retireScript = placementScript(
  'retire',
  ['node', 'live', ...totalsKeys],
  `${totalsHelpers}
local name, incarnation = ARGV[1], ARGV[2]
local known = redis.call('HGET', node, name)
if not known or string.match(known, '^%S+') ~= incarnation then return { 'none' } end
redis.call('HDEL', node, name)
redis.call('HDEL', capacity, name)
redis.call('HDEL', live, name)
redis.call('ZREM', load, name)
redis.call('ZREM', heartbeat, name)
recount(clock())
return { 'retired' }
`,
  { frees: true },
);
