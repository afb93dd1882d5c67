import type { Turn } from '../../machines/call-events.ts';

/** What whoever takes a call over is told of it: so long at most. */
const SUBJECT_CHARS_MAX = 160;
/** Shorter ones say nothing: `yes`, `a person please`. */
const TELLING_CHARS_MIN = 16;
const ASKS_PERSON = /\b(person|human|somebody|someone|staff|agent|representative|operator|real people)\b/i;
/** Reasons that name no matter. */
const NO_REASON = /^(|key pressed|waiting room|keypad menu|supervisor|no assistant|person|staff)$/i;

/**
 * What a call is about, in one part of a sentence or two: the reason that was given, and the caller's own last words
 * that say something. '' where nothing is known. All of it was redacted before it was stored.
 */
export function subjectOf({ about, turns }: { about: string; turns: readonly Turn[] }): string {
  const reason = NO_REASON.test(about.trim()) ? '' : about;
  const words = turns.findLast(isTelling);
  const parts = [reason, words ? `the caller said: ${'text' in words ? words.text : ''}` : ''];
  return parts.map(shortened).filter(Boolean).join('; ');
}

function isTelling(turn: Turn): boolean {
  if (turn.who !== 'caller') return false;
  const { length } = turn.text.trim();
  // Who asks for a person and says what for is heard; the mere ask is not news to the person.
  return length >= (ASKS_PERSON.test(turn.text) ? 3 * TELLING_CHARS_MIN : TELLING_CHARS_MIN);
}

/** Cut between two words. */
function shortened(text: string): string {
  const plain = text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replace(/[.!?]+$/, '');
  if (plain.length <= SUBJECT_CHARS_MAX) return plain;
  const cut = plain.slice(0, SUBJECT_CHARS_MAX);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), SUBJECT_CHARS_MAX / 2))} …`;
}
