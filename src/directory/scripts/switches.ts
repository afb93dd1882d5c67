import { directoryLimits } from '../limits.ts';
import { placementScript } from './placement.ts';

const AUDIT = `
local function note(now, name, value, by, reason)
  redis.call('XADD', audit, 'MAXLEN', '~', ${directoryLimits.auditEntriesMax}, '*',
    't', whole(now), 'n', name, 'v', value, 'b', by, 'r', reason)
  redis.call('PEXPIRE', audit, ${directoryLimits.auditLifeMs})
end
`;

/** Sets a switch, or clears it, and notes who did. */
export const setSwitchScript = placementScript(
  'setSwitch',
  ['switches', 'switchInfo', 'audit'],
  `${AUDIT}
local name, isSet, value, by, reason, info = ARGV[1], ARGV[2] == '1', ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local now = clock()
if isSet then
  if redis.call('HEXISTS', switches, name) == 0 and redis.call('HLEN', switches) >= ${directoryLimits.switchesMax} then
    return { 'full' }
  end
  redis.call('HSET', switches, name, value)
  redis.call('HSET', switchInfo, name, whole(now) .. ' ' .. info)
else
  redis.call('HDEL', switches, name)
  redis.call('HDEL', switchInfo, name)
end
redis.call('PEXPIRE', switches, ${directoryLimits.switchLifeMs})
redis.call('PEXPIRE', switchInfo, ${directoryLimits.switchLifeMs})
note(now, name, value, by, reason)
return { isSet and 'set' or 'cleared', whole(now) }
`,
);

/** Notes what somebody did to the fleet elsewhere than at a switch. */
export const noteAuditScript = placementScript(
  'noteAudit',
  ['audit'],
  `${AUDIT}
note(clock(), ARGV[1], ARGV[2], ARGV[3], ARGV[4])
return { 'noted' }
`,
);
