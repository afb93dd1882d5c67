import type { CallLog } from '../../entities/call-log.ts';
import { limits } from '../../machines/call-events.ts';
import type { StoredFact } from './stored-fact.ts';

/**
 * One call's row as a merge of its facts. Every column takes the least, the greatest or the highest ranking of what
 * facts say, so that facts in any order, repeated or late, come to the same row.
 */

const finalStatuses: ReadonlySet<string> = new Set(['COMPLETED', 'BUSY', 'FAILED', 'NO-ANSWER', 'CANCELED']);
/** How far a call has come, by the carrier's word; a word not known counts as under way. */
const progress: ReadonlyMap<string, number> = new Map([
  ['QUEUED', 0],
  ['INITIATED', 1],
  ['RINGING', 2],
]);
const UNDER_WAY = 3;
const OVER = 4;

/** Outcomes, the weightier later: who was put through after talking to the assistant was transferred. */
const outcomes = ['missed', 'waiting', 'abandoned', 'callback', 'answered', 'menu', 'voicemail', 'transferred'];
/** Dial results after which the caller has talked to staff. */
const bridged: ReadonlySet<string> = new Set(['completed', 'answered']);

/** The row of a call of which nothing is known but that it was there at this time (ms). */
export function emptyCall(callSid: string, at: number): CallLog {
  return {
    callSid,
    fromNumber: '',
    toNumber: '',
    status: 'RINGING',
    startedAt: new Date(at),
    answeredAt: null,
    endedAt: null,
    duration: null,
    outcome: null,
    transcript: null,
    processedAt: null,
    intents: [],
    promotionSlug: null,
    lastEpoch: 0,
    lastSeq: 0,
    statusSequence: null,
  };
}

const isFinalStatus = (status: string): boolean => finalStatuses.has(status.toUpperCase());

const earlier = (known: Date | null, at: number): Date => (known && known.getTime() <= at ? known : new Date(at));
const laterText = (left: string, right: string): string => (left > right ? left : right);

interface Status {
  status: string;
  statusSequence: number | null;
}

function rank(word: string): number {
  return finalStatuses.has(word) ? OVER : (progress.get(word) ?? UNDER_WAY);
}

/** Further along first, then the carrier's own order; words break a tie that should not be. */
function isFurther(left: Status, right: Status): boolean {
  const steps = rank(left.status) - rank(right.status);
  if (steps !== 0) return steps > 0;
  const order = (left.statusSequence ?? -1) - (right.statusSequence ?? -1);
  return order === 0 ? left.status > right.status : order > 0;
}

function weightier(known: string | null, candidate: string): string {
  return known !== null && outcomes.indexOf(known) >= outcomes.indexOf(candidate) ? known : candidate;
}

function withStatus(row: CallLog, status: string, sequence: number | null): CallLog {
  const told = { status: status.toUpperCase(), statusSequence: sequence };
  return isFurther(told, row) ? { ...row, ...told } : row;
}

function withEnd(row: CallLog, at: number, durationS: number | null): CallLog {
  const duration = durationS === null ? row.duration : Math.max(durationS, row.duration ?? 0);
  return { ...row, duration, endedAt: earlier(row.endedAt, at), outcome: weightier(row.outcome, 'missed') };
}

function withOutcome(row: CallLog, outcome: string): CallLog {
  return { ...row, outcome: weightier(row.outcome, outcome) };
}

function withWait(row: CallLog, { queued }: { queued?: true }): CallLog {
  return queued ? withOutcome(row, 'waiting') : row;
}

/** What one fact adds; the same row for a fact that says nothing of it. */
function told(row: CallLog, stored: StoredFact): CallLog {
  const { fact } = stored;
  switch (fact.type) {
    case 'carrier.arrived': {
      const arrived = { fromNumber: laterText(row.fromNumber, fact.from), toNumber: laterText(row.toNumber, fact.to) };
      const begun = withWait({ ...row, ...arrived }, fact);
      return fact.rung === 'menu' ? withOutcome(begun, 'menu') : begun;
    }
    case 'carrier.waitEnded':
      return fact.how === 'callback' ? withOutcome(row, 'callback') : row;
    case 'carrier.streamStarted':
      return withOutcome({ ...row, answeredAt: earlier(row.answeredAt, fact.at) }, 'answered');
    case 'carrier.nextAsked': {
      const kind = fact.intent?.kind;
      const loops = (kind === undefined || kind === 'handover') && fact.breaks >= limits.breaksMax;
      return withWait(kind === 'menu' || loops ? withOutcome(row, 'menu') : row, fact);
    }
    case 'carrier.dialEnded':
      return withWait(bridged.has(fact.result) ? withOutcome(row, 'transferred') : row, fact);
    case 'carrier.recordEnded':
      return fact.durationS > 0 ? withOutcome(row, 'voicemail') : row;
    case 'carrier.statusReported': {
      const reported = withStatus(row, fact.status, fact.sequence);
      return isFinalStatus(fact.status) ? withEnd(reported, fact.at, fact.durationS) : reported;
    }
    case 'carrier.gone':
      return withEnd(withStatus(row, fact.status, null), fact.at, fact.durationS);
    default:
      return row;
  }
}

const callFacts: ReadonlySet<string> = new Set([
  'carrier.arrived',
  'carrier.waitEnded',
  'carrier.streamStarted',
  'carrier.nextAsked',
  'carrier.dialEnded',
  'carrier.recordEnded',
  'carrier.statusReported',
  'carrier.gone',
]);

/** True for facts that `foldCall` takes something from. */
export const concernsCall = ({ fact }: StoredFact): boolean => callFacts.has(fact.type);

/** The row with one more fact. */
export function foldCall(row: CallLog, stored: StoredFact): CallLog {
  const merged = told(row, stored);
  // Whoever waited until the end was not answered in time.
  const outcome = merged.endedAt !== null && merged.outcome === 'waiting' ? 'abandoned' : merged.outcome;
  const next = { ...merged, outcome, startedAt: earlier(row.startedAt, stored.fact.at) };
  const { lastEpoch, lastSeq } = row;
  const isNewer = stored.epoch > lastEpoch || (stored.epoch === lastEpoch && stored.seq > lastSeq);
  return isNewer ? { ...next, lastEpoch: stored.epoch, lastSeq: stored.seq } : next;
}
