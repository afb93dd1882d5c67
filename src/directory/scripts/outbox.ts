import { script } from './script.ts';

/** All readers of a group use one consumer name: whoever has the lease reads what its predecessor left pending. */
const CONSUMER = 'reader';

/** Reads for a group while the lease is free or the holder's: what is pending first, always so when the lease is new. */
export const readOutboxScript = script(
  'readOutbox',
  ['outbox', 'lease'],
  `
local holder, leaseMs, group, max, pendingFirst = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
local other = redis.call('GET', lease)
if other and other ~= holder then return { 'leased' } end
redis.call('SET', lease, holder, 'PX', leaseMs)
if not other or pendingFirst then
  local old = redis.call('XREADGROUP', 'GROUP', group, '${CONSUMER}', 'COUNT', max, 'STREAMS', outbox, '0')
  if old and old[1] and #old[1][2] > 0 then return { 'pending', old[1][2] } end
end
local new = redis.call('XREADGROUP', 'GROUP', group, '${CONSUMER}', 'COUNT', max, 'STREAMS', outbox, '>')
return { 'new', new and new[1] and new[1][2] or {} }
`,
);

/** Acknowledges, if the lease is still the holder's; without ids, keeps it: a read has just done so otherwise. */
export const ackOutboxScript = script(
  'ackOutbox',
  ['outbox', 'lease'],
  `
local holder, leaseMs, group = ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', lease) ~= holder then return { 'lost' } end
if #ARGV == 3 then redis.call('SET', lease, holder, 'PX', leaseMs) end
if #ARGV > 3 then redis.call('XACK', outbox, group, unpack(ARGV, 4)) end
return { 'acked' }
`,
  { frees: true },
);

/** Sets an entry aside that a group cannot take in, and acknowledges it. */
export const deadLetterScript = script(
  'deadLetter',
  ['outbox', 'lease', 'dead'],
  `
local holder, group, id, sid, place, fact, reason, max, lifeMs =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
if redis.call('GET', lease) ~= holder then return { 'lost' } end
redis.call('XADD', dead, 'MAXLEN', '~', max, '*', 'c', sid, 'i', place, 'f', fact, 'r', reason)
redis.call('PEXPIRE', dead, lifeMs)
redis.call('XACK', outbox, group, id)
return { 'acked' }
`,
);

/** Makes the group where it does not exist, at the outbox's beginning. */
export const registerGroupScript = script(
  'registerGroup',
  ['outbox'],
  `
local made = redis.pcall('XGROUP', 'CREATE', outbox, ARGV[1], '0', 'MKSTREAM')
if type(made) == 'table' and made.err then
  if string.find(made.err, 'BUSYGROUP', 1, true) then return { 'known' } end
  return made
end
return { 'made' }
`,
);

const GROUPS = `
local function groups()
  local found = {}
  if redis.call('EXISTS', outbox) == 0 then return found end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', outbox)) do
    local one = {}
    for i = 1, #info, 2 do one[info[i]] = info[i + 1] end
    found[#found + 1] = one
  end
  return found
end
`;

/**
 * Drops what every group has acknowledged: below the least, over all groups, of the oldest pending, else the last
 * delivered + 1. Nothing goes while a group of the configuration is missing.
 */
export const trimOutboxScript = script(
  'trimOutbox',
  ['outbox'],
  `${GROUPS}
local found, known, leastMs, leastSeq = groups(), {}, nil, nil
for _, group in ipairs(found) do
  known[group.name] = true
  local id, step = group['last-delivered-id'], 1
  if group.pending > 0 then id, step = redis.call('XPENDING', outbox, group.name)[2], 0 end
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  ms, seq = tonumber(ms), tonumber(seq) + step
  if not leastMs or ms < leastMs or (ms == leastMs and seq < leastSeq) then leastMs, leastSeq = ms, seq end
end
for _, name in ipairs(ARGV) do
  if not known[name] then return { 'unregistered', name } end
end
if not leastMs then return { 'ok', 0 } end
return { 'ok', redis.call('XTRIM', outbox, 'MINID', whole(leastMs) .. '-' .. whole(leastSeq)) }
`,
  { frees: true },
);

/** Length, bytes, and for each group its name, what it has not been given and what it has not acknowledged. */
export const outboxStatsScript = script(
  'outboxStats',
  ['outbox'],
  `${GROUPS}
local reply = { 'ok', redis.call('XLEN', outbox), redis.call('MEMORY', 'USAGE', outbox) or 0 }
for _, group in ipairs(groups()) do
  reply[#reply + 1] = group.name
  reply[#reply + 1] = group.lag or -1
  reply[#reply + 1] = group.pending
end
return reply
`,
);

/**
 * For one who looks on without a group: at most `max` entries after `after`, with how many were ever added. Nothing more
 * where that number is the one already known. `after` '' asks for the place where the outbox ends.
 */
export const tailOutboxScript = script(
  'tailOutbox',
  ['outbox'],
  `
local after, known, max = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', outbox) == 0 then return { 'at', '0', '0-0' } end
local info = redis.call('XINFO', 'STREAM', outbox)
local one = {}
for i = 1, #info, 2 do one[info[i]] = info[i + 1] end
local added = whole(one['entries-added'])
if after == '' then return { 'at', added, one['last-generated-id'] } end
if added == known then return { 'same' } end
return { 'new', added, redis.call('XRANGE', outbox, '(' .. after, '+', 'COUNT', max) }
`,
);
