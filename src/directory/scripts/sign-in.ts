import { directoryLimits } from '../limits.ts';
import { script } from './script.ts';

/**
 * Counts one attempt in each of three ways before anything is compared, so that many at once are not more than their
 * number. Answers how long to wait, 0 for none.
 */
export const countSignInScript = script(
  'countSignIn',
  ['pair', 'address', 'name'],
  `
local most = { ${directoryLimits.signInPairMax}, ${directoryLimits.signInAddressMax}, ${directoryLimits.signInNameMax} }
local wait = 0
for i, key in ipairs({ pair, address, name }) do
  if tonumber(redis.call('GET', key) or '0') >= most[i] then wait = math.max(wait, redis.call('PTTL', key), 1) end
end
if wait > 0 then return { 'wait', whole(wait) } end
for _, key in ipairs({ pair, address, name }) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ${directoryLimits.signInWindowMs}) end
end
return { 'may' }
`,
);
