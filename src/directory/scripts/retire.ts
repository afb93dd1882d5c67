import { placementScriptKeys } from './placement.ts';
import { script } from './script.ts';

/** A node that ends on purpose leaves the registry, unless a successor has its name by now. */
export const retireScript = script(
  'retire',
  placementScriptKeys,
  `
local name, incarnation = ARGV[1], ARGV[2]
local known = redis.call('HGET', node, name)
if not known or string.match(known, '^%S+') ~= incarnation then return { 'none' } end
redis.call('HDEL', node, name)
redis.call('HDEL', cap, name)
redis.call('HDEL', live, name)
redis.call('ZREM', load, name)
redis.call('ZREM', hb, name)
return { 'retired' }
`,
  { frees: true },
);
