import { script } from './script.ts';

/** Makes an inbox that Redis lost, and keeps it. The first entry only makes it exist. */
export const keepInboxScript = script(
  'keepInbox',
  ['inbox'],
  `
local made = 0
if redis.call('EXISTS', inbox) == 0 then
  redis.call('XADD', inbox, '*', 'o', '1')
  made = 1
end
redis.call('PEXPIRE', inbox, ARGV[1])
return { made == 1 and 'made' or 'kept' }
`,
);

/** Leaves a message in an inbox that exists and has room. */
export const writeInboxScript = script(
  'writeInbox',
  ['inbox'],
  `
if redis.call('XLEN', inbox) >= tonumber(ARGV[2]) then return { 'full' } end
local id = redis.call('XADD', inbox, 'NOMKSTREAM', '*', 'm', ARGV[1])
return { id and 'sent' or 'absent', id or '' }
`,
);

/** Removes an inbox unless something came after what was read. */
export const closeInboxScript = script(
  'closeInbox',
  ['inbox'],
  `
if #redis.call('XRANGE', inbox, '(' .. ARGV[1], '+', 'COUNT', 1) > 0 then return { 'more' } end
redis.call('DEL', inbox)
return { 'closed' }
`,
  { frees: true },
);
