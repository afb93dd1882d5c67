import { findCards } from './cards.ts';
import { CARD, replace } from './spans.ts';

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
  /** As it was last given out. */
  shown: string;
}

/** `contacts` takes out what is redacted besides cards, within one turn. */
export function createTurnRedactor(contacts: (text: string) => string): TurnRedactor {
  const kept: Record<Speaker, Kept[]> = { caller: [], assistant: [] };
  return {
    turn(speaker, itemId, text) {
      const earlier = kept[speaker].filter((turn) => turn.itemId !== itemId);
      const turns = [...earlier, { itemId, said: text, shown: '' }];
      const shown = redactTurns(turns.map((turn) => turn.said)).map(contacts);
      const amendments: Amendment[] = [];
      turns.forEach((turn, index) => {
        const now = shown[index] ?? '';
        if (index < earlier.length && now !== turn.shown) amendments.push({ itemId: turn.itemId, text: now });
        turn.shown = now;
      });
      kept[speaker] = bounded(turns);
      return { text: shown.at(-1) ?? '', amendments };
    },
  };
}

function redactTurns(said: string[]): string[] {
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
    return replace(
      text,
      own.map(({ start, end }) => ({ start: start - from, end: end - from })),
      CARD,
    );
  });
}

function bounded(turns: Kept[]): Kept[] {
  const last = turns.slice(-TURNS_MAX);
  let characters = last.reduce((sum, turn) => sum + turn.said.length, 0);
  while (last.length > 1 && characters > CHARACTERS_MAX) characters -= last.shift()?.said.length ?? 0;
  return last;
}
