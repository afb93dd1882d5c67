import type { CallFigure, FigureNotes, TokensUsed } from '../../entities/call-figure.ts';
import { finalStatuses, limits } from '../../machines/call-events.ts';
import type { StoredFact } from './stored-fact.ts';

/**
 * What one call adds to the figures, as a merge of its facts: sets of times and costs by id, so that facts in any
 * order, repeated or late, come to the same row.
 */

const MINUTE_MS = 60_000;
/** A longer silence was none before an answer: the line was on hold, or nobody was there. */
const SILENCE_MS_MAX = 60_000;
/** Of one call: the longest there is has some hundreds of each. */
const NOTES_MAX = 2_000;

export const emptyNotes: FigureNotes = { stops: [], starts: {}, used: {}, queued: [], left: [] };

const telling: ReadonlySet<string> = new Set([
  'carrier.arrived',
  'carrier.waitEnded',
  'carrier.nextAsked',
  'carrier.dialEnded',
  'carrier.streamStarted',
  'carrier.statusReported',
  'carrier.gone',
  'caller.speechStopped',
  'assistant.heard',
  'model.responded',
]);

/** True for facts that `foldNotes` may take something from. */
export const concernsFigures = ({ fact }: StoredFact): boolean => telling.has(fact.type);

/** The notes with one more fact; the same ones for a fact that says nothing new. */
export function foldNotes(notes: FigureNotes, { fact }: StoredFact): FigureNotes {
  switch (fact.type) {
    case 'carrier.arrived':
    case 'carrier.dialEnded':
    case 'carrier.nextAsked':
      return fact.queued ? withTime(notes, 'queued', fact.at) : notes;
    case 'carrier.waitEnded':
    case 'carrier.streamStarted':
    case 'carrier.gone':
      return withTime(notes, 'left', fact.at);
    case 'carrier.statusReported':
      return isOver(fact.status) ? withTime(notes, 'left', fact.at) : notes;
    case 'caller.speechStopped':
      return withTime(notes, 'stops', fact.at - (fact.agoMs ?? 0));
    case 'assistant.heard': {
      if (fact.heardMs <= 0) return notes;
      const start = fact.at - fact.heardMs;
      const known = notes.starts[fact.itemId];
      // A later report of the same item says only how it ended.
      if (known !== undefined ? known <= start : isFull(notes.starts)) return notes;
      return { ...notes, starts: { ...notes.starts, [fact.itemId]: start } };
    }
    case 'model.responded': {
      if (fact.usage === null || Object.hasOwn(notes.used, fact.responseId) || isFull(notes.used)) return notes;
      return { ...notes, used: { ...notes.used, [fact.responseId]: { ...fact.usage } } };
    }
    default:
      return notes;
  }
}

const isOver = (status: string): boolean => finalStatuses.has(status.toLowerCase());
const isFull = (record: object): boolean => Object.keys(record).length >= NOTES_MAX;

function withTime(notes: FigureNotes, of: 'stops' | 'queued' | 'left', at: number): FigureNotes {
  const known = notes[of];
  if (known.includes(at) || known.length >= NOTES_MAX) return notes;
  return { ...notes, [of]: [...known, at].toSorted((a, b) => a - b) };
}

/** The row that these notes come to, for a call that arrived then. */
export function figureOf(callSid: string, startedAt: Date, notes: FigureNotes): CallFigure {
  const wait = waitOf(notes);
  return {
    callSid,
    minute: minuteOf(startedAt.getTime()),
    waitFrom: wait ? new Date(wait.from) : null,
    waitUntil: wait && wait.until !== null ? new Date(wait.until) : null,
    used: Object.values(notes.used).reduce(sumOf, noTokens),
    silencesMs: silencesOf(notes),
    notes,
  };
}

const noTokens: TokensUsed = {
  textIn: 0,
  textInCached: 0,
  audioIn: 0,
  audioInCached: 0,
  textOut: 0,
  audioOut: 0,
};

function sumOf(left: TokensUsed, right: TokensUsed): TokensUsed {
  return {
    textIn: left.textIn + right.textIn,
    textInCached: left.textInCached + right.textInCached,
    audioIn: left.audioIn + right.audioIn,
    audioInCached: left.audioInCached + right.audioInCached,
    textOut: left.textOut + right.textOut,
    audioOut: left.audioOut + right.audioOut,
  };
}

export function minuteOf(at: number): Date {
  return new Date(Math.floor(at / MINUTE_MS) * MINUTE_MS);
}

/** From the first time in the waiting room to the first that was anywhere else, or the end. */
function waitOf({ queued, left }: FigureNotes): { from: number; until: number | null } | null {
  const [from] = queued;
  if (from === undefined) return null;
  return { from, until: left.find((at) => at >= from) ?? null };
}

/** From the caller's last sound of each turn to the first sound of the answer, if the caller said nothing between. */
function silencesOf({ stops, starts }: FigureNotes): number[] {
  const begun = Object.values(starts).toSorted((a, b) => a - b);
  return stops.flatMap((stop, index) => {
    const next = stops[index + 1] ?? Infinity;
    const start = begun.find((at) => at >= stop);
    if (start === undefined || start >= next || start - stop > SILENCE_MS_MAX) return [];
    return [Math.round(start - stop)];
  });
}

/** The longest that a call may have waited, in minutes: beyond it a wait's end was lost. */
export const waitMinutesMax = Math.ceil((4 * 3_600_000) / MINUTE_MS) + Math.ceil(limits.detachedMs / MINUTE_MS);

/** Every minute in which the caller waited, and the one of arrival; with an unknown end the first of them. */
export function minutesOf({ minute, waitFrom, waitUntil }: CallFigure): Date[] {
  const minutes = [minute];
  if (waitFrom) {
    const first = minuteOf(waitFrom.getTime()).getTime();
    const last = Math.min((waitUntil ?? waitFrom).getTime(), first + waitMinutesMax * MINUTE_MS);
    for (let at = first; at <= last; at += MINUTE_MS) minutes.push(new Date(at));
  }
  return [...new Map(minutes.map((each) => [each.getTime(), each])).values()];
}
