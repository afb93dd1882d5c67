import { expect, test } from 'vitest';
import type { CallEvent } from '../../machines/call-events.ts';
import { fateOf } from './message-fate.ts';

const recorded = (recordingSid: string, review?: true): CallEvent => ({
  type: 'carrier.recordEnded',
  at: 1,
  recordingSid,
  recordingUrl: '',
  durationS: 3,
  digits: '',
  ...(review && { review }),
});
const reviewed = (choice: 'keep' | 'again' | 'person'): CallEvent => ({ type: 'carrier.reviewed', at: 2, choice });
const ended: CallEvent = { type: 'carrier.statusReported', at: 3, status: 'completed', durationS: 9, sequence: 1 };

test.each([
  ['nothing is known of the call', [], 'kept'],
  ['it was not to be reviewed', [recorded('RE1')], 'kept'],
  ['the caller is being asked', [recorded('RE1', true)], 'open'],
  ['the caller sent it', [recorded('RE1', true), reviewed('keep')], 'kept'],
  ['the caller wanted a person', [recorded('RE1', true), reviewed('person')], 'kept'],
  ['the caller hung up', [recorded('RE1', true), ended], 'kept'],
  ['the carrier no longer knows the call', [recorded('RE1', true), { ...ended, type: 'carrier.gone' }], 'kept'],
  ['another was recorded instead', [recorded('RE1', true), reviewed('again'), recorded('RE2', true)], 'discarded'],
  ['another is being recorded', [recorded('RE1', true), reviewed('again')], 'open'],
  [
    'nothing was recorded instead',
    [recorded('RE1', true), reviewed('again'), { ...recorded(''), durationS: 0 }, ended],
    'kept',
  ],
  [
    'this is the other one',
    [recorded('RE0', true), reviewed('again'), recorded('RE1', true), reviewed('keep')],
    'kept',
  ],
] as const)('%s: %s', (_, journal, fate) => {
  expect(fateOf(journal as readonly CallEvent[], 'RE1')).toBe(fate);
});
