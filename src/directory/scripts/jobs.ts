import { script } from './script.ts';

/** All workers of a lane read for one group. */
const GROUP = 'workers';

/** Makes the stream and its group where they are not. */
export const prepareJobsScript = script(
  'prepareJobs',
  ['ready'],
  `
local made = redis.pcall('XGROUP', 'CREATE', ready, '${GROUP}', '0', 'MKSTREAM')
if type(made) == 'table' and made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
redis.call('PEXPIRE', ready, ARGV[1])
return { 'ok' }
`,
);

/** Once for each name while it is open, and for a while after it is over. Asked for sooner, it comes sooner. */
export const enqueueJobScript = script(
  'enqueueJob',
  ['ready', 'later', 'job', 'tries', 'since', 'over'],
  `
local id, payload, at, openMax, lifeMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local now = clock()
if redis.call('HEXISTS', job, id) == 1 then
  local due = redis.call('ZSCORE', later, id)
  if not due or redis.call('HEXISTS', tries, id) == 1 or tonumber(due) <= math.max(now, at) then return { 'known' } end
  redis.call('ZADD', later, whole(math.max(now, at)), id)
  redis.call('ZADD', since, whole(math.max(now, at)), id)
  return { 'sooner' }
end
local forgotten = redis.call('ZSCORE', over, id)
if forgotten and tonumber(forgotten) > now then return { 'known' } end
if redis.call('HLEN', job) >= openMax then return { 'full' } end
redis.call('HSET', job, id, payload)
redis.call('ZADD', since, whole(math.max(now, at)), id)
if at > now then redis.call('ZADD', later, whole(at), id) else redis.call('XADD', ready, '*', 'j', id) end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, lifeMs) end
return { 'enqueued' }
`,
);

/**
 * Gives a worker what is to be run: what is due moves to the stream, what another worker left comes first. Each time
 * counts as a try at once, so that a job that kills its process is not begun for ever.
 */
export const takeJobsScript = script(
  'takeJobs',
  ['ready', 'later', 'job', 'tries', 'since'],
  `
local reader, leaseMs, max, promotedMax, lifeMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local now = clock()
for _, id in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', whole(now), 'LIMIT', 0, promotedMax)) do
  redis.call('ZREM', later, id)
  redis.call('XADD', ready, '*', 'j', id)
end
local taken = {}
local function add(entries)
  for _, entry in ipairs(entries) do
    local id = entry[2][2]
    local payload = redis.call('HGET', job, id)
    if payload then
      local try = redis.call('HINCRBY', tries, id, 1)
      taken[#taken + 1] = { entry[1], id, payload, try, redis.call('ZSCORE', since, id) or whole(now) }
    else
      redis.call('XACK', ready, '${GROUP}', entry[1])
      redis.call('XDEL', ready, entry[1])
    end
  end
end
add(redis.call('XAUTOCLAIM', ready, '${GROUP}', reader, leaseMs, '0-0', 'COUNT', max)[2])
if #taken < max then
  local new = redis.call('XREADGROUP', 'GROUP', '${GROUP}', reader, 'COUNT', max - #taken, 'STREAMS', ready, '>')
  if new and new[1] then add(new[1][2]) end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, lifeMs) end
return { 'ok', taken }
`,
);

/** Keeps jobs for the worker that runs them; those that another has begun since are left out. */
export const keepJobsScript = script(
  'keepJobs',
  ['ready', 'tries'],
  `
local kept = { 'ok' }
for i = 2, #ARGV, 3 do
  local entry, id, try = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('HGET', tries, id) == try then
    redis.call('XCLAIM', ready, '${GROUP}', ARGV[1], 0, entry, 'JUSTID')
    kept[#kept + 1] = id
  end
end
return kept
`,
  { frees: true },
);

/** A job that another has begun since is not this worker's to end. */
const OURS = `
local id, entry, try = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', tries, id) ~= try then return { 'lost' } end
redis.call('XACK', ready, '${GROUP}', entry)
redis.call('XDEL', ready, entry)
`;

export const finishJobScript = script(
  'finishJob',
  ['ready', 'job', 'tries', 'since', 'why', 'over'],
  `${OURS}
redis.call('HDEL', job, id)
redis.call('HDEL', tries, id)
redis.call('HDEL', why, id)
redis.call('ZREM', since, id)
redis.call('ZADD', over, whole(clock() + tonumber(ARGV[4])), id)
redis.call('PEXPIRE', over, ARGV[5])
return { 'finished' }
`,
  { frees: true },
);

export const retryJobScript = script(
  'retryJob',
  ['ready', 'later', 'tries', 'why'],
  `${OURS}
redis.call('ZADD', later, whole(clock() + tonumber(ARGV[4])), id)
redis.call('HSET', why, id, ARGV[5])
redis.call('PEXPIRE', later, ARGV[6])
redis.call('PEXPIRE', why, ARGV[6])
return { 'waits' }
`,
  { frees: true },
);

export const buryJobScript = script(
  'buryJob',
  ['ready', 'job', 'tries', 'since', 'why', 'over', 'dead'],
  `${OURS}
local reason, deadMax, overLifeMs, lifeMs = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local payload = redis.call('HGET', job, id) or ''
redis.call('XADD', dead, 'MAXLEN', '~', deadMax, '*', 'j', id, 'p', payload, 'n', try, 'r', reason)
redis.call('HDEL', job, id)
redis.call('HDEL', tries, id)
redis.call('HDEL', why, id)
redis.call('ZREM', since, id)
redis.call('ZADD', over, whole(clock() + tonumber(overLifeMs)), id)
redis.call('PEXPIRE', over, lifeMs)
redis.call('PEXPIRE', dead, lifeMs)
return { 'buried' }
`,
  { frees: true },
);

/** A dead job begins anew; one that was made again meanwhile is only struck from the dead. */
export const replayJobScript = script(
  'replayJob',
  ['ready', 'job', 'since', 'over', 'dead'],
  `
local found = redis.call('XRANGE', dead, ARGV[1], ARGV[1])[1]
if not found then return { 'unknown' } end
local field = {}
for i = 1, #found[2], 2 do field[found[2][i]] = found[2][i + 1] end
local id = field.j
redis.call('XDEL', dead, ARGV[1])
if redis.call('HSETNX', job, id, field.p) == 1 then
  redis.call('ZREM', over, id)
  redis.call('ZADD', since, whole(clock()), id)
  redis.call('XADD', ready, '*', 'j', id)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
return { 'replayed', id }
`,
);

/** Drops what need not be remembered, then counts. */
export const tidyJobsScript = script(
  'tidyJobs',
  ['ready', 'later', 'job', 'tries', 'since', 'why', 'over', 'dead'],
  `
local lifeMs, overMax, readerLifeMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock()
redis.call('ZREMRANGEBYSCORE', over, '-inf', whole(now))
redis.call('ZREMRANGEBYRANK', over, 0, -(overMax + 1))
local running = 0
if redis.call('EXISTS', ready) == 1 then
  for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', ready, '${GROUP}')) do
    local one = {}
    for i = 1, #info, 2 do one[info[i]] = info[i + 1] end
    running = running + one.pending
    if one.pending == 0 and one.idle > readerLifeMs then
      redis.call('XGROUP', 'DELCONSUMER', ready, '${GROUP}', one.name)
    end
  end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, lifeMs) end
local oldest = redis.call('ZRANGE', since, 0, 0, 'WITHSCORES')[2] or whole(now)
return {
  'ok', redis.call('HLEN', job), redis.call('ZCARD', later), running, redis.call('HLEN', why),
  redis.call('XLEN', dead), whole(math.max(0, now - tonumber(oldest))),
}
`,
  { frees: true },
);
