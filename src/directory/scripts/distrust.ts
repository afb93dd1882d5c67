import { placementScript, totalsHelpers, totalsKeys } from './placement.ts';

/**
 * A node that did not answer has no room until its next heartbeat, and who had a place there gets another. For a node
 * that lives this is over within a second.
 */
export const distrustScript = placementScript(
  'distrust',
  ['node', ...totalsKeys],
  `${totalsHelpers}
local name, incarnation = ARGV[1], ARGV[2]
local known = redis.call('HGET', node, name)
if not known or string.match(known, '^%S+') ~= incarnation then return { 'none' } end
redis.call('HSET', capacity, name, 0)
recount(clock())
return { 'distrusted' }
`,
  { frees: true },
);
