/** How one URL is asked: Twilio's connection overrides, given as its fragment. Times in ms. */
export interface Overrides {
  retries: number;
  policy: ReadonlySet<RetryReason>;
  connectMs: number;
  readMs: number;
  totalMs: number;
  complaints: string[];
}

export type RetryReason = '4xx' | '5xx' | 'ct' | 'rt';

const REASONS: readonly RetryReason[] = ['4xx', '5xx', 'ct', 'rt'];
const NUMBERS = {
  rc: { from: 0, to: 5, default: 1 },
  ct: { from: 100, to: 10_000, default: 5_000 },
  rt: { from: 100, to: 15_000, default: 15_000 },
  tt: { from: 100, to: 15_000, default: 15_000 },
} as const;

/** Reads `#rc=2&rp=5xx,ct&ct=3000` behind a URL. What is out of range is complained about and the default used. */
export function readOverrides(url: string): Overrides {
  const hash = url.indexOf('#');
  const complaints: string[] = [];
  const numbers = {
    rc: NUMBERS.rc.default as number,
    ct: NUMBERS.ct.default as number,
    rt: NUMBERS.rt.default as number,
    tt: NUMBERS.tt.default as number,
  };
  let policy = new Set<RetryReason>(['ct']);
  for (const pair of hash < 0 || hash === url.length - 1 ? [] : url.slice(hash + 1).split('&')) {
    const [key = '', value = ''] = pair.split('=');
    if (key === 'rc' || key === 'ct' || key === 'rt' || key === 'tt') {
      const number = Number(value);
      const range = NUMBERS[key];
      if (/^\d+$/.test(value) && number >= range.from && number <= range.to) numbers[key] = number;
      else complaints.push(`override ${pair} of ${url}: ${range.from} to ${range.to} is allowed`);
    } else if (key === 'rp') {
      const reasons = value.split(',');
      const unknown = reasons.filter((reason) => reason !== 'all' && !REASONS.some((known) => known === reason));
      if (unknown.length > 0) complaints.push(`override ${pair} of ${url}: ${unknown.join(',')} is not known`);
      policy = new Set(REASONS.filter((reason) => reasons.includes('all') || reasons.includes(reason)));
    } else if (key !== 'sni' && key !== 'e') {
      complaints.push(`override ${pair} of ${url} is not known`);
    }
  }
  return { retries: numbers.rc, policy, connectMs: numbers.ct, readMs: numbers.rt, totalMs: numbers.tt, complaints };
}
