import { findCards } from './cards.ts';
import { type RedactSettings, type SensitiveSpan, withContacts } from './sensitive.ts';
import { CARD, replace, type Span } from './spans.ts';

export type Speaker = 'caller' | 'assistant';

/** What an earlier turn has to say instead, because a later one completed a number. */
export interface Amendment {
  itemId: string;
  text: string;
}

export interface RedactedTurn {
  text: string;
  amendments: Amendment[];
}

/** Remembers, for one call and in memory only, the last turns of each speaker as they were said. */
export interface TurnRedactor {
  turn(speaker: Speaker, itemId: string, text: string): RedactedTurn;
}

/** A number is read out in at most this many turns. */
const TURNS_MAX = 20;
const CHARACTERS_MAX = 4_000;
const TURN_END = '\n';

interface Kept {
  itemId: string;
  said: string;
  /** Without cards. */
  bare: string;
  /** As it was last given out. */
  shown: string;
}

/** `contacts` takes out what is redacted besides cards, within one turn. */
export function createTurnRedactor(contacts: (text: string) => string): TurnRedactor {
  const kept: Record<Speaker, Kept[]> = { caller: [], assistant: [] };
  return {
    turn(speaker, itemId, text) {
      const earlier = kept[speaker].filter((turn) => turn.itemId !== itemId);
      const last: Kept = { itemId, said: text, bare: '', shown: '' };
      const turns = [...earlier, last];
      const bare = redactTurns(turns.map((turn) => turn.said));
      const amendments: Amendment[] = [];
      turns.forEach((turn, index) => {
        const now = bare[index] ?? '';
        if (turn.bare === now) return;
        turn.bare = now;
        const before = turn.shown;
        turn.shown = contacts(now);
        if (turn !== last && turn.shown !== before) amendments.push({ itemId: turn.itemId, text: turn.shown });
      });
      kept[speaker] = bounded(turns);
      return { text: last.shown, amendments };
    },
  };
}

/** What is sensitive in each of the turns of one conversation, all of them known: for judging. */
export function createTurnFinder(
  settings: RedactSettings,
): (turns: readonly { who: Speaker; text: string }[]) => SensitiveSpan[][] {
  return (turns) => {
    const cards = new Map<number, Span[]>();
    for (const speaker of ['caller', 'assistant'] as const) {
      const own = turns.flatMap(({ who, text }, index) => (who === speaker ? [{ text, index }] : []));
      cardsOfTurns(own.map(({ text }) => text)).forEach((spans, at) => cards.set(own[at]?.index ?? 0, spans));
    }
    return turns.map(({ text }, index) => withContacts(text, cards.get(index) ?? [], settings));
  };
}

function redactTurns(said: string[]): string[] {
  return cardsOfTurns(said).map((cards, index) => replace(said[index] ?? '', cards, CARD));
}

/** Where cards stand in each of these turns of one speaker. */
function cardsOfTurns(said: readonly string[]): Span[][] {
  const starts: number[] = [];
  let length = 0;
  for (const text of said) {
    starts.push(length);
    length += text.length + TURN_END.length;
  }
  const turnEnds = starts.slice(1).map((start) => start - TURN_END.length);
  const cards = findCards(said.join(TURN_END), turnEnds);
  return said.map((text, index) => {
    const from = starts[index] ?? 0;
    const own = cards.filter((card) => card.start >= from && card.end <= from + text.length);
    return own.map(({ start, end }) => ({ start: start - from, end: end - from }));
  });
}

function bounded(turns: Kept[]): Kept[] {
  const last = turns.slice(-TURNS_MAX);
  let characters = last.reduce((sum, turn) => sum + turn.said.length, 0);
  while (last.length > 1 && characters > CHARACTERS_MAX) characters -= last.shift()?.said.length ?? 0;
  return last;
}
