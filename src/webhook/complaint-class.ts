/** What an error code of the carrier is about: the bounded label of a metric. */
export type ComplaintClass =
  | 'fetching'
  | 'document'
  | 'dialing'
  | 'stream'
  | 'recording'
  | 'account'
  | 'rest'
  | 'other';

/** The first range that holds the code counts. */
const ranges: readonly [from: number, to: number, ComplaintClass][] = [
  /** The account is suspended, or has as many calls as it may. */
  [10_000, 10_999, 'account'],
  /** A webhook could not be reached, was late, or answered with something that is no document. */
  [11_000, 11_999, 'fetching'],
  [12_000, 12_999, 'document'],
  [13_200, 13_299, 'dialing'],
  [13_600, 13_699, 'recording'],
  [13_000, 13_999, 'document'],
  /** Signed in wrongly, or too often. */
  [20_000, 20_999, 'account'],
  [21_000, 21_999, 'rest'],
  [31_900, 31_999, 'stream'],
  [32_000, 32_999, 'dialing'],
];

/** `code` as the carrier writes it. */
export function complaintClass(code: string): ComplaintClass {
  const number = /^\d{5}$/.test(code) ? Number(code) : 0;
  return ranges.find(([from, to]) => from <= number && number <= to)?.[2] ?? 'other';
}
