/**
 * All that is remembered of a waiting caller between two polls: it stands in the signed URL that the carrier asks,
 * so that any node may answer and none keeps anything. Times are Redis-clock ms.
 */
export interface Wait {
  /** Brings the place in line back, should the queue forget it; 0 while the queue could not be asked. */
  ticket: number;
  /** `live`: a conversation that goes on, which heads the queue. */
  kind: 'new' | 'live';
  joinedAt: number;
  /** Position that was said last, 0 for none, and when the last round of sentences began. */
  position: number;
  saidAt: number;
  /** Rounds of sentences that were begun, and how many sentences of the present one are said. */
  round: number;
  said: number;
  /** The round in which the long wait was apologized for, 0 before it. */
  apologyRound: number;
  /** A key that could not be acted upon yet, '' for none. */
  key: string;
}

const RADIX = 36;
const KEY = /^[0-9*]$/;
/** Beyond every time until the year 4000. */
const NUMBER = /^[0-9a-z]{1,9}$/;

export function beginWait(kind: Wait['kind'], at: number): Wait {
  const times = { joinedAt: Math.round(at), saidAt: 0 };
  return { ticket: 0, kind, ...times, position: 0, round: 0, said: 0, apologyRound: 0, key: '' };
}

export function waitQuery(wait: Wait): string {
  const number = (value: number) => Math.max(0, Math.round(value)).toString(RADIX);
  const query = new URLSearchParams({
    t: number(wait.ticket),
    c: wait.kind,
    p: String(wait.position),
    j: number(wait.joinedAt),
    s: number(wait.saidAt),
    r: number(wait.round),
    i: number(wait.said),
  });
  if (wait.apologyRound > 0) query.set('a', number(wait.apologyRound));
  if (wait.key !== '') query.set('k', wait.key);
  return query.toString();
}

/** Whatever is missing or odd counts as not yet known: a place in line is never lost over it. */
export function readWait(query: URLSearchParams, now: number): Wait {
  const number = (name: string, otherwise: number) => {
    const text = query.get(name) ?? '';
    return NUMBER.test(text) ? Number.parseInt(text, RADIX) : otherwise;
  };
  const position = query.get('p') ?? '';
  const key = query.get('k') ?? '';
  return {
    ticket: number('t', 0),
    kind: query.get('c') === 'live' ? 'live' : 'new',
    joinedAt: number('j', Math.round(now)),
    position: /^\d{1,7}$/.test(position) ? Number(position) : 0,
    saidAt: number('s', 0),
    round: number('r', 0),
    said: number('i', 0),
    apologyRound: number('a', 0),
    key: KEY.test(key) ? key : '',
  };
}
