import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CallEvent } from '../../../machines/call-events.ts';
import { CallActor } from '../../calls/actor.ts';
import { toJournalEntry } from '../../directory/journal.ts';
import type { Random } from '../twilio/random.ts';
import type { Fuzzer } from './fuzzer.ts';
import { mutateJson, mutateText, pick } from './mutate.ts';

const GOLDEN = join(import.meta.dirname, '../../../machines/golden/v1');
const CALL = `CA${'d'.repeat(32)}`;
const EPOCH = 1_795_413_859_000;
const STRANGE_MAX = 3;
const FACTS_MAX = 6;
/** Long ones are dear, and rare here. */
const LONG = 0.1;
const LONG_FACTS_MAX = 40;
/** A second fold costs as much as the first: a share of all cases. */
const TWICE = 0.2;

type Folded = { state: string; context: string } | { threw: string };

/** Twice the same facts make the same call, or fail in the same way. */
function fold(facts: readonly CallEvent[]): Folded {
  try {
    const actor = CallActor.fold(CALL, facts);
    return { state: actor.state, context: JSON.stringify(actor.viewAt(EPOCH)) };
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`threw ${String(error)}, which is no error`);
    return { threw: error.message };
  }
}

function strange(random: Random, fact: CallEvent): string {
  const shaped = random.chance(0.7) ? mutateJson(random, fact) : fact;
  const text = JSON.stringify(shaped) ?? '';
  return random.chance(0.3) ? mutateText(random, text) : text;
}

/**
 * A journal that was kept, cut off anywhere, and then entries that nobody writes: what is none is called corrupt, what is one
 * folds, or fails to fold in words; the node that reads it lives on, and two nodes come to the same.
 */
export const journalEntries: Fuzzer = {
  name: 'journal entries',
  begin() {
    const journals = readdirSync(GOLDEN)
      .filter((name) => name.endsWith('.json'))
      .map((name) => (JSON.parse(readFileSync(join(GOLDEN, name), 'utf8')) as { facts: CallEvent[] }).facts);
    return (random) => {
      const journal = pick(random, journals);
      const most = random.chance(LONG) ? LONG_FACTS_MAX : FACTS_MAX;
      const facts = journal.slice(0, random.between(0, Math.min(journal.length, most)));
      for (let left = random.between(1, STRANGE_MAX + 1); left > 0; left -= 1) {
        const text = strange(random, pick(random, journal));
        const entry = toJournalEntry({ id: `${EPOCH}-${facts.length + 1}`, fields: new Map([['f', text]]) });
        if (entry.kind === 'claim') return `an entry without a claim was read as one: ${text}`;
        if (entry.kind === 'fact') facts.push(entry.fact);
      }
      const once = fold(facts);
      const twice = random.chance(TWICE) ? fold(facts) : once;
      return JSON.stringify(once) === JSON.stringify(twice) ? null : `folded to ${JSON.stringify([once, twice])}`;
    };
  },
};
