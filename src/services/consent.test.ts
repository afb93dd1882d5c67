import { expect, test } from 'vitest';
import { consentRegions } from '../../entities/seed/consent-regions.ts';
import { callRecordingRule, type RecordingPolicy } from './consent.ts';

const policy: RecordingPolicy = {
  calls: true,
  days: 90,
  noticeEmail: '',
  regions: new Map(consentRegions.map(({ prefix, parties }) => [prefix, parties])),
};
const MAINE = '+12075550142';
const OREGON = '+15035550100';
const CALIFORNIA = '+14155550100';

test.each([
  [OREGON, MAINE, 'untold'],
  [CALIFORNIA, MAINE, 'told'],
  [MAINE, CALIFORNIA, 'told'],
  ['+442079460000', MAINE, 'told'],
  ['anonymous', MAINE, 'told'],
  ['+266696687', MAINE, 'told'],
  ['client:staff', MAINE, 'told'],
] as const)('%s calls %s: %s', (from, to, rule) => {
  expect(callRecordingRule(policy, from, to)).toBe(rule);
  expect(callRecordingRule({ ...policy, calls: false }, from, to)).toBe('off');
});

test('where no region is known everybody is told', () => {
  expect(callRecordingRule({ ...policy, regions: new Map() }, OREGON, MAINE)).toBe('told');
});

test('no area code is listed twice', () => {
  expect(new Set(consentRegions.map(({ prefix }) => prefix)).size).toBe(consentRegions.length);
});
