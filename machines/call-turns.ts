import type { CallContext } from './call-context.ts';
import { limits, type Turn } from './call-events.ts';

/** Puts a turn where it belongs: after the item it follows, else at the end; the oldest go first when it is too long. */
export function insertTurn(turns: Turn[], turn: Turn, after: string | null): Turn[] {
  const place = after === null ? -1 : turns.findIndex((other) => other.who !== 'tool' && other.itemId === after);
  const longer = turns.toSpliced(place < 0 ? turns.length : place + 1, 0, turn);
  return longer.length > limits.turnsMax ? longer.slice(longer.length - limits.turnsMax) : longer;
}

/** What the caller heard of an item replaces what was to be said; nothing heard, no turn. */
export function heardTurn(turns: Turn[], heard: { itemId: string; text: string; cut: boolean }): Turn[] {
  const turn: Turn = { who: 'assistant', ...heard };
  const at = turns.findIndex((other) => other.who === 'assistant' && other.itemId === heard.itemId);
  if (at < 0) return heard.text === '' ? turns : insertTurn(turns, turn, null);
  return heard.text === '' ? turns.toSpliced(at, 1) : turns.with(at, turn);
}

export const runsTool = ({ pending }: Pick<CallContext, 'pending'>): boolean =>
  Object.values(pending.effects).some((effect) => effect.type === 'tool.run');

/** What a model session is told was said: a tool ask without its output would be refused. */
export const seedOf = (turns: readonly Turn[]): Turn[] =>
  turns.filter((turn) => turn.who !== 'tool' || turn.output !== null);

/** Nobody is in the middle of anything: the call may go elsewhere unheard. */
export function isBetweenTurns(context: CallContext): boolean {
  const { silent, speaking, turnOpen, leaving } = context;
  return silent && !speaking && !turnOpen && leaving === null && !runsTool(context);
}
