import { script } from './script.ts';

/**
 * Deletes what is kept of a call that is over, and puts the erasure's fact into the outbox under an epoch of its own,
 * above all that the call had. A call that nobody knows is told of all the same: its facts may be elsewhere.
 */
export const forgetCallScript = script(
  'forgetCall',
  ['call', 'log', 'outbox', 'due'],
  `
local sid, fact = ARGV[1], ARGV[2]
local h = redis.call('HMGET', call, 'epoch', 'ended')
if h[1] and not h[2] then return { 'live', h[1] } end
local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local logged = last and tonumber(string.match(last[1], '^%d+')) or 0
local epoch = whole(math.max(clock(), (tonumber(h[1]) or 0) + 1, logged + 1))
redis.call('XADD', outbox, '*', 'c', sid, 'i', epoch .. '-1', 'f', fact)
redis.call('DEL', call, log)
redis.call('ZREM', due, sid)
return { 'forgotten', epoch }
`,
);

/** The same of no call. */
export const tellErasureScript = script(
  'tellErasure',
  ['outbox'],
  `
redis.call('XADD', outbox, '*', 'c', ARGV[1], 'i', whole(clock()) .. '-1', 'f', ARGV[2])
return { 'told' }
`,
);
