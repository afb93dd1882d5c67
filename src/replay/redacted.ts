import type { JournalEntry } from '../directory/journal.ts';
import { asHeard } from '../redact/heard.ts';

/** The journal with each text as later facts have it: a number that was told in pieces is gone from all of them. */
export function withRedactions(journal: readonly JournalEntry[]): JournalEntry[] {
  const texts = new Map<string, string>();
  for (const entry of journal)
    if (entry.kind === 'fact' && entry.fact.type === 'journal.redacted') texts.set(entry.fact.itemId, entry.fact.text);
  return journal.map((entry): JournalEntry => {
    if (entry.kind !== 'fact') return entry;
    const { fact } = entry;
    switch (fact.type) {
      case 'caller.said':
      case 'assistant.said': {
        const text = texts.get(fact.itemId);
        return text === undefined ? entry : { ...entry, fact: { ...fact, text } };
      }
      case 'assistant.heard': {
        const text = texts.get(fact.itemId);
        return text === undefined ? entry : { ...entry, fact: { ...fact, text: asHeard(text, fact.text, fact.cut) } };
      }
      default:
        return entry;
    }
  });
}
