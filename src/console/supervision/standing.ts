import { finalStatuses } from '../../../machines/call-events.ts';
import { type CallOwner, ownerOf } from '../../directory/claims.ts';
import { type JournaledFact, readJournal } from '../../directory/journal.ts';
import type { RedisLink } from '../../directory/redis.ts';

/** Who has the call now, as far as a supervisor minds. */
export type Holder =
  /** The assistant: it can be listened to, helped and relieved. */
  | 'assistant'
  /** On its way to the assistant, or waiting for a place with it. */
  | 'coming'
  | 'supervisor'
  | 'staff'
  /** A machine asks: the keypad menu, or for a message. */
  | 'keypad'
  | 'message'
  | 'ending'
  | 'over'
  /** Redis knows nothing of it any more, or never did. */
  | 'unknown';

/** Something that a supervisor did to the call. */
export interface Deed {
  at: Date;
  by: string;
  words: string;
}

export interface Standing {
  holder: Holder;
  /** The supervisor who has it, '' for none. */
  by: string;
  /** Oldest first. */
  deeds: Deed[];
}

const holders: Readonly<Record<string, Holder>> = {
  conversation: 'assistant',
  ringing: 'coming',
  waiting: 'coming',
  detached: 'coming',
  dialing: 'staff',
  menu: 'keypad',
  recording: 'message',
  reviewing: 'message',
  hangingUp: 'ending',
  ended: 'over',
};
const DEEDS_SHOWN_MAX = 50;

/**
 * How a call stands, from Redis.
 * @throws DirectoryError when it did not answer, or the journal is too long to be read
 */
export async function standingOf(link: RedisLink, callSid: string): Promise<Standing> {
  const call = await ownerOf(link, callSid);
  if (call === null) return { holder: 'unknown', by: '', deeds: [] };
  const entries = await readJournal(link, callSid);
  const facts = entries.filter((entry) => entry.kind === 'fact');
  const supervisor = supervisorOf(facts);
  const holder = holderOf(call);
  return {
    ...(holder === 'staff' && supervisor !== null ? { holder: 'supervisor', by: supervisor } : { holder, by: '' }),
    deeds: facts.flatMap((entry) => deedOf(entry) ?? []).slice(-DEEDS_SHOWN_MAX),
  };
}

function holderOf({ ended, state }: CallOwner): Holder {
  if (ended !== null && finalStatuses.has(ended)) return 'over';
  return holders[state] ?? 'coming';
}

/** Who the last phone that was rung belongs to. */
function supervisorOf(facts: readonly JournaledFact[]): string | null {
  for (const { fact } of facts.toReversed()) {
    if (fact.type === 'carrier.nextAsked' && fact.intent?.kind === 'transfer') return fact.intent.supervisor ?? null;
    // Somebody of the staff was rung after a supervisor had not answered.
    if (fact.type === 'carrier.dialEnded' || fact.type === 'carrier.menuChosen') return null;
  }
  return null;
}

function deedOf({ fact }: JournaledFact): Deed | null {
  const words = wordsOf(fact);
  return words === null || !('by' in fact) ? null : { at: new Date(fact.at), by: fact.by, words };
}

function wordsOf(fact: JournaledFact['fact']): string | null {
  switch (fact.type) {
    case 'supervisor.whispered':
      return `noted for Aida: ${fact.text}`;
    case 'supervisor.tookOver':
      return 'took the call over';
    case 'supervisor.gaveBack':
      return 'gave the call back to Aida';
    case 'supervisor.transferred':
      return fact.waits ? 'put the caller in line for the staff' : 'had the call put through to the staff';
    case 'supervisor.hungUp':
      return 'ended the call';
    default:
      return null;
  }
}
