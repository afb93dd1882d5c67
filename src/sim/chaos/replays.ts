import { isDeepStrictEqual } from 'node:util';
import { journalText, parseJournal } from '../../replay/journal-file.ts';
import { differences } from '../../replay/made.ts';
import { withRedactions } from '../../replay/redacted.ts';
import { type Replayed, replayed } from '../../replay/replayed.ts';
import type { JournalEntry } from '../../directory/journal.ts';
import type { CallRow, RecordedCall } from './history.ts';

/**
 * What the replay of a call comes to otherwise than the service did while the call was lived: its state, and its
 * transcript to the letter. Through a file as well, for that is how a journal is kept.
 */
export function replayFaults(call: RecordedCall, row: CallRow | undefined): string[] {
  try {
    const journal = withRedactions(call.journal);
    const now = replayed(call.callSid, journal);
    return [...faultsOf(now, call, row), ...fileFaults(now, journal)];
  } catch (error) {
    return [`its journal cannot be replayed: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function faultsOf({ end }: Replayed, { toldState }: RecordedCall, row: CallRow | undefined): string[] {
  const found: string[] = [];
  const [state] = end.place.split('.');
  if (toldState !== null && state !== toldState) found.push(`replayed it stands at ${state}, it stood at ${toldState}`);
  const [is, was] = [end.transcript, row?.transcript ?? null];
  if (was !== null && !isDeepStrictEqual(was, is))
    found.push(`replayed its transcript is ${JSON.stringify(is)}, it was ${JSON.stringify(was)}`);
  if (row?.isEnded && was === null) found.push('it has ended and has no transcript');
  return found;
}

function fileFaults(now: Replayed, journal: readonly JournalEntry[]): string[] {
  const text = journalText(now, journal, { release: '0', savedAt: new Date(0) });
  const kept = parseJournal(text, now.callSid);
  const found = kept.made ? differences(replayed(kept.callSid, kept.journal), kept.made) : [];
  return found.map(({ id, what }) => `replayed from a file ${what} differs at ${id ?? 'the end'}`);
}
