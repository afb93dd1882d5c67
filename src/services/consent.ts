/** What a store decided about recordings. */
export interface RecordingPolicy {
  /** Calls are recorded. */
  calls: boolean;
  /** Recordings are kept for so many days. */
  days: number;
  /** Told of messages by mail; '': the store's own address. */
  noticeEmail: string;
  /** By the beginning of a number; who has to know that a call is recorded. */
  regions: ReadonlyMap<string, 'one' | 'all'>;
}

/** `off`: the call is not recorded; `told`: the caller is told first; `untold`: nobody has to be. */
export type CallRecordingRule = 'off' | 'told' | 'untold';

const E164 = /^\+[1-9]\d{6,14}$/;

/** The stricter of what the caller's and the store's regions ask for; of a number that is none, and of none, all must know. */
export function callRecordingRule({ calls, regions }: RecordingPolicy, from: string, to: string): CallRecordingRule {
  if (!calls) return 'off';
  return [from, to].every((number) => partiesOf(regions, number) === 'one') ? 'untold' : 'told';
}

function partiesOf(regions: RecordingPolicy['regions'], number: string): 'one' | 'all' {
  const known = E164.test(number) ? number : '';
  for (let length = known.length; length >= 0; length--) {
    const parties = regions.get(known.slice(0, length));
    if (parties !== undefined) return parties;
  }
  return 'all';
}
