import type { FailureReason } from '../../../../load-tests/lib/summary.ts';
import { ERRORS, type WebAnswer } from '../../twilio/web.ts';

const to = '+12075550142';
/** What else the carrier says of a caller with every request. */
export const standard: readonly [string, string][] = [
  ['ApiVersion', '2010-04-01'],
  ['Called', to],
  ['Direction', 'inbound'],
  ['StirVerstat', 'TN-Validation-Passed-A'],
  ['To', to],
  ...['From', 'To', 'Caller', 'Called'].flatMap((end): [string, string][] => [
    [`${end}City`, end === 'From' || end === 'Caller' ? 'SAN JOSÉ' : ''],
    [`${end}State`, 'CA'],
    [`${end}Zip`, ''],
    [`${end}Country`, 'US'],
  ]),
];

/** Why a document could not be had. */
export function reasonOf({ record }: WebAnswer): FailureReason {
  const failure = record.tries.at(-1)?.failure;
  if (failure === 'readTimeout') return 'webhook_late';
  if (failure === 'tooLarge' || record.errorCode === ERRORS.redirects) return 'webhook_twiml';
  return record.status === null ? 'webhook_unreachable' : 'webhook_status';
}

/** A caller's number: another one for each line, and none of k6's. */
export const numberOf = (line: number): string => `+1208${String((line * 7_919) % 10_000_000).padStart(7, '0')}`;
