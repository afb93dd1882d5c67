import type { Turn } from '../../entities/turn.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import { asHeard } from '../redact/heard.ts';
import { isBefore, type StoredFact } from './stored-fact.ts';

/**
 * One item of the conversation as a merge of what is told of it: said, heard, taken back. Facts in any order, repeated
 * or late, come to the same row.
 */

type TurnFact = Extract<CallEvent, { type: 'caller.said' | 'assistant.said' | 'assistant.heard' | 'journal.redacted' }>;

/** What stands in place of something taken out. */
const MASK = /\[[a-z ]+\]/g;

/** The fact if it tells something of a turn: a transcription that failed does not. */
export function turnFact({ fact }: StoredFact): TurnFact | null {
  switch (fact.type) {
    case 'caller.said':
    case 'assistant.said':
    case 'journal.redacted':
      return fact.text === '' ? null : fact;
    case 'assistant.heard':
      return fact;
    default:
      return null;
  }
}

/** Of two texts for one item the one that gives less away; '' is not known yet. */
function lessTelling(left: string, right: string): string {
  if (left === '' || right === '') return left === '' ? right : left;
  const [open, other] = [left.replace(MASK, '').length, right.replace(MASK, '').length];
  if (open !== other) return open < other ? left : right;
  return left < right ? left : right;
}

function blankTurn({ callSid, epoch, seq, fact }: StoredFact, itemId: string): Turn {
  return {
    callSid,
    epoch,
    seq,
    itemId,
    afterItemId: null,
    who: 'caller',
    text: '',
    heardText: null,
    heardMs: null,
    totalMs: null,
    cut: false,
    at: new Date(fact.at),
  };
}

function told(row: Turn, fact: TurnFact): Turn {
  switch (fact.type) {
    case 'caller.said':
      return { ...row, who: 'caller', text: lessTelling(row.text, fact.text), afterItemId: fact.after };
    case 'assistant.said':
      return {
        ...row,
        who: 'assistant',
        text: lessTelling(row.text, fact.text),
        totalMs: Math.max(row.totalMs ?? 0, fact.totalMs),
      };
    case 'journal.redacted':
      return { ...row, text: lessTelling(row.text, fact.text) };
    case 'assistant.heard': {
      const totalMs = Math.max(row.totalMs ?? 0, fact.totalMs);
      if (row.heardMs !== null && row.heardMs >= fact.heardMs) return { ...row, totalMs };
      const { heardMs, cut, text: heardText } = fact;
      return { ...row, who: 'assistant', totalMs, heardMs, cut, heardText };
    }
  }
}

/** The row with one more fact; its key is the place of the first fact that told of the item. */
export function foldTurn(known: Turn | null, stored: StoredFact, fact: TurnFact): Turn {
  const row = told(known ?? blankTurn(stored, fact.itemId), fact);
  const { epoch, seq } = stored;
  const place = isBefore(stored, row) ? { epoch, seq } : {};
  const at = row.at.getTime() <= fact.at ? row.at : new Date(fact.at);
  const heardText = row.heardText === null ? null : asHeard(row.text, row.heardText, row.cut);
  return { ...row, ...place, at, heardText };
}
