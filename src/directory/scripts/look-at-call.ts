import { script } from './script.ts';

/** How a call stands: what its hash says, the id of its first entry, and its last entries, newest first. */
export const lookAtCallScript = script(
  'lookAtCall',
  ['call', 'log'],
  `
local h = redis.call('HMGET', call, 'from', 'to', 'state', 'owner', 'ended')
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
local tail = redis.call('XREVRANGE', log, '+', '-', 'COUNT', ARGV[1])
return { 'ok', h[1] or '', h[2] or '', h[3] or '', h[4] or '', h[5] or '', first and first[1] or '', tail }
`,
);
