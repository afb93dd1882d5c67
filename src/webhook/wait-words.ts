import { lineText, type LineName, type LineStore, type LineValues, ownLanguage } from '../services/lines.ts';
import { isNumber, isReachable } from './numbers.ts';
import type { Wait } from './wait-state.ts';

/** What the queue knows of a waiter. */
export interface InLine {
  /** From 1. */
  position: number;
  /** Places given to waiters in a minute, null where that is not known. */
  perMinute: number | null;
  /** The next poll is wanted after so long. */
  pieceMs: number;
}

/** Who calls, and which number. */
export interface Parties {
  from: string;
  to: string;
}

/** What may be said and offered to those who wait, from memory. */
export interface WaitFacts extends LineStore {
  /** What runs now, each in short sentences. */
  promotions(): readonly (readonly string[])[];
  /** When a call-back would come (`within 2 hours`), null where none is offered. */
  callback(language: string): string | null;
  staffNumbers: readonly string[];
}

/** A piece of the wait: words, then music. */
export interface Piece {
  sentences: string[];
  language: string;
  /** How long the music is to last so that the next poll comes when it is wanted. */
  holdMs: number;
  next: Wait;
  /** The position is said in it. */
  announces: boolean;
}

/** After so long the caller is asked whether they would rather leave a message or be called back. */
export const waitBoundMs = 600_000;
/** From one round of sentences to the next; where the position has changed much, not so long. */
const ROUND_MS = 40_000;
const EARLY_ROUND_MS = 15_000;
/** Share of the position that is left when it has changed much. */
const MUCH_NEARER = 0.7;
/** The carrier's voice says about fifteen characters a second. */
const CHARACTER_MS = 68;
/** Words may last longer than the piece, but the queue forgets whoever is silent for six seconds more than that. */
const WORDS_MS_MIN = 5_000;
/** Who came in the same moment must not ask in the same moment ever after: longer pieces vary by a half, both ways. */
const VARIED_MS_MIN = 4_000;
/** While the queue cannot be asked. */
const AWAY_PIECE_MS = 4_000;

/** Spreads numbers that are close to each other. */
const KNUTH = 2_654_435_761;
const UINT32 = 2 ** 32;

interface Sentence {
  text: string;
  isPosition?: true;
}

/** How long a sentence lasts that nobody has rendered. */
export function saidMs(sentence: string): number {
  return sentence.length * CHARACTER_MS;
}

/** The next piece for a waiter; `line` is null while the queue cannot be asked. Pure. */
export function nextPiece(
  wait: Wait,
  line: InLine | null,
  facts: WaitFacts,
  parties: Parties,
  now: number,
  lengthMs: (sentence: string) => number = saidMs,
): Piece {
  const playMs = varied(line?.pieceMs ?? AWAY_PIECE_MS, wait.ticket + now);
  if (line === null) return silence(facts, wait, playMs);
  const begun = beginRound(wait, line, now, agendaOf(wait, line, facts, parties).length);
  const agenda = agendaOf(begun, line, facts, parties);
  const budgetMs = Math.max(playMs, WORDS_MS_MIN);
  const spoken: Sentence[] = [];
  let wordsMs = 0;
  let { said } = begun;
  for (; said < agenda.length; said += 1) {
    const sentence = agenda[said];
    if (sentence === undefined) break;
    const ms = lengthMs(sentence.text);
    // The first of a round is said however long it is; another one that would never fit is left out.
    if (ms > budgetMs && said > 0) continue;
    if (spoken.length > 0 && wordsMs + ms > budgetMs) break;
    spoken.push(sentence);
    wordsMs += ms;
  }
  const announces = spoken.some(({ isPosition }) => isPosition);
  return {
    sentences: spoken.map(({ text }) => text),
    language: ownLanguage(facts),
    holdMs: Math.max(0, playMs - wordsMs),
    next: { ...begun, said, position: announces ? line.position : begun.position },
    announces,
  };
}

/** Nothing is said. */
export function silence(facts: WaitFacts, next: Wait, holdMs: number): Piece {
  return { sentences: [], language: ownLanguage(facts), holdMs, next, announces: false };
}

/** From half to one and a half of it, by a number that differs from caller to caller and from time to time. */
function varied(pieceMs: number, seed: number): number {
  if (pieceMs < VARIED_MS_MIN) return pieceMs;
  const share = (Math.imul(Math.round(seed) | 0, KNUTH) >>> 0) / UINT32;
  return pieceMs * (0.5 + share);
}

/** A round begins on joining, then from time to time, and once the wait has become long. */
function beginRound(wait: Wait, { position }: InLine, now: number, sentences: number): Wait {
  const round = { ...wait, round: wait.round + 1, said: 0, saidAt: Math.round(now) };
  if (wait.round === 0) return round;
  if (wait.said < sentences) return wait;
  if (wait.apologyRound === 0 && now - wait.joinedAt >= waitBoundMs) return { ...round, apologyRound: round.round };
  const sinceMs = now - wait.saidAt;
  const isMuchNearer = position <= wait.position * MUCH_NEARER;
  return sinceMs >= ROUND_MS || (isMuchNearer && sinceMs >= EARLY_ROUND_MS) ? round : wait;
}

/** When this caller would be called back, from the number that was called; null where that is not to be had. */
export function callbackFor({ from, to }: Parties, facts: WaitFacts): string | null {
  return isReachable(from) && isNumber(to) ? facts.callback(ownLanguage(facts)) : null;
}

/** Everything that this round is to say, in order: what does not fit into one piece is said in the next. */
function agendaOf(wait: Wait, line: InLine, facts: WaitFacts, parties: Parties): Sentence[] {
  const options = optionsOf(facts, parties);
  if (wait.round === 0) return [];
  if (wait.round === wait.apologyRound) {
    return sentences([said('waitLong', facts), ...options, said('waitHold', facts)]);
  }
  const place = placeOf(line, facts);
  const promotions = facts.promotions();
  if (wait.round === 1) {
    const opening =
      wait.kind === 'live' ? [said('waitBack', facts)] : [said('welcome', facts), said('waitBusy', facts)];
    return [...sentences(opening), ...place, ...sentences(options), ...sentences(promotions[0] ?? [])];
  }
  const isForOptions = wait.round % 2 === 1 || promotions.length === 0;
  const promotion = promotions[(wait.round >> 1) % promotions.length];
  return [...place, ...sentences(isForOptions || promotion === undefined ? options : promotion)];
}

function sentences(texts: readonly string[]): Sentence[] {
  return texts.map((text) => ({ text }));
}

function said(line: LineName, facts: WaitFacts, values: LineValues = {}): string {
  return lineText(line, facts, ownLanguage(facts), values);
}

function placeOf({ position, perMinute }: InLine, facts: WaitFacts): Sentence[] {
  const place = position === 1 ? said('waitNext', facts) : said('waitPosition', facts, { position });
  const estimate = estimateOf(position, perMinute, facts);
  return [{ text: place, isPosition: true }, ...(estimate === null ? [] : sentences([estimate]))];
}

const MINUTES_EXACT_MAX = 10;
const MINUTES_SAID_MAX = 30;
const MINUTES_STEP = 5;

/** Rounded up, so that it is rather kept than broken; null where nothing is known of the pace. */
function estimateOf(position: number, perMinute: number | null, facts: WaitFacts): string | null {
  if (perMinute === null || !(perMinute > 0)) return null;
  const minutes = Math.ceil(position / perMinute);
  if (minutes > MINUTES_SAID_MAX) return said('waitHalfHour', facts);
  if (minutes <= 1) return said('waitAboutMinute', facts);
  const rounded = minutes <= MINUTES_EXACT_MAX ? minutes : Math.ceil(minutes / MINUTES_STEP) * MINUTES_STEP;
  return said('waitAboutMinutes', facts, { minutes: rounded });
}

function optionsOf(facts: WaitFacts, parties: Parties): string[] {
  const callback = callbackFor(parties, facts);
  return [
    said('waitMessage', facts),
    ...(callback === null ? [] : [said('waitCallback', facts, { callback })]),
    ...(facts.staffNumbers.length === 0 ? [] : [said('waitStaff', facts)]),
  ];
}
