import { expect, test } from 'vitest';
import { isSwitch, noSwitches, switchFault, switchStates } from './switch-states.ts';

test('every switch takes its own values and no others', () => {
  const taken: [string, string][] = [
    ['admission', 'off'],
    ['calls-max', '0'],
    ['calls-max', '120'],
    ['rung', 'menu'],
    ['rung', 'voicemail'],
    ['rung', 'staff'],
    ['tool:get_menu', 'off'],
  ];
  for (const [name, value] of taken) expect(switchFault(name, value), `${name}=${value}`).toBe(null);
  const refused: [string, string, RegExp][] = [
    ['admission', 'on', /^admission can be set to off/],
    ['calls-max', '-1', /^calls-max can be set to a number/],
    ['calls-max', '', /^calls-max can be set to a number/],
    ['rung', 'music', /^rung can be set to menu, voicemail, staff/],
    ['tool:get_menu', '1', /can be set to off/],
    ['tool:NAME', 'off', /^there is no switch "tool:NAME"/],
    ['tool:', 'off', /^there is no switch/],
    ['toString', 'off', /^there is no switch "toString": admission, calls-max, rung, tool:NAME/],
  ];
  for (const [name, value, message] of refused) expect(switchFault(name, value), `${name}=${value}`).toMatch(message);
});

test('a name can be cleared if it can be set', () => {
  expect(['admission', 'calls-max', 'rung', 'tool:end_call'].every(isSwitch)).toBe(true);
  expect(['', 'tool:', 'tool:NAME', 'constructor'].some(isSwitch)).toBe(false);
});

test('what is set is read; what a newer release set changes nothing', () => {
  expect(switchStates({})).toEqual(noSwitches);
  expect(
    switchStates({
      admission: 'off',
      'calls-max': '12',
      rung: 'staff',
      'tool:get_menu': 'off',
      'tool:end_call': 'slow',
      voice: 'alto',
    }),
  ).toEqual({
    admission: false,
    callsMax: 12,
    rung: 'staff',
    names: ['admission', 'calls-max', 'rung', 'tool:get_menu'],
    toolsOff: new Set(['get_menu']),
  });
  expect(switchStates({ admission: 'maybe', rung: 'ladder', 'calls-max': 'few' })).toEqual(noSwitches);
});
