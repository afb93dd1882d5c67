import type { CallEvent } from '../../../machines/call-events.ts';
import type { CallLook } from '../../directory/live-calls.ts';
import type { NodeName } from '../../directory/keys.ts';
import { feltAfter, feltAfterCut, moodOf, type Mood } from './mood.ts';

/** Shown of what was said last. */
const WORDS_CHARS_MAX = 160;

export interface LastWords {
  who: 'caller' | 'aida' | 'supervisor';
  text: string;
  /** Redis-clock ms. */
  at: number;
}

/** A call that goes on, as far as a list of such calls tells. Times are Redis-clock ms. */
export interface LiveCall {
  callSid: string;
  from: string;
  to: string;
  arrivedAt: number;
  /** One of the outer states; '' before the first is known. */
  state: string;
  /** When it came to that state. */
  stateAt: number;
  /** Where its stream is. */
  node: string | null;
  words: LastWords | null;
  /** Tools that were asked and have not answered. */
  tools: readonly { id: string; name: string }[];
  feeling: number;
  /** The last fact that is folded in. */
  epoch: number;
  seq: number;
}

export const liveMoodOf = ({ feeling }: LiveCall): Mood => moodOf(feeling);

/** The call as it was looked at. */
export function seen(look: CallLook): LiveCall {
  const { callSid, from, to, arrivedAt, state, owner } = look;
  const blank: LiveCall = {
    callSid,
    from,
    to,
    arrivedAt,
    state,
    stateAt: arrivedAt,
    node: owner?.node ?? null,
    words: null,
    tools: [],
    feeling: 0,
    epoch: 0,
    seq: 0,
  };
  const call = look.tail.reduce((known, entry) => {
    if (entry.kind === 'fact') return told(known, entry.epoch, entry.seq, entry.fact);
    return { ...known, epoch: entry.epoch, seq: entry.seq };
  }, blank);
  return { ...call, stateAt: stateAtOf(look) };
}

/** When the state began: at the last fact that may have led to one. */
function stateAtOf({ tail, arrivedAt }: CallLook): number {
  const last = tail.findLast((entry) => entry.kind === 'fact' && movesCall(entry.fact));
  return last?.kind === 'fact' ? last.fact.at : arrivedAt;
}

const moving: ReadonlySet<string> = new Set<CallEvent['type']>([
  'carrier.arrived',
  'carrier.nextAsked',
  'carrier.waitEnded',
  'carrier.streamStarted',
  'carrier.streamStopped',
  'carrier.statusReported',
  'carrier.dialEnded',
  'carrier.menuChosen',
  'carrier.recordEnded',
  'carrier.reviewed',
  'carrier.gone',
]);

/** True for facts after which the call may be in another outer state, or elsewhere. */
export const movesCall = (fact: CallEvent): boolean => moving.has(fact.type);

/** In another state, or at another node, since then. */
export function placed(call: LiveCall, place: { state: string; owner: NodeName | null }, at: number): LiveCall {
  const node = place.owner?.node ?? null;
  if (call.state === place.state && call.node === node) return call;
  return { ...call, state: place.state, node, stateAt: call.state === place.state ? call.stateAt : at };
}

/** The call with one more fact; the same one for a fact that it has, or that says nothing to people. */
export function told(call: LiveCall, epoch: number, seq: number, fact: CallEvent): LiveCall {
  if (epoch < call.epoch || (epoch === call.epoch && seq <= call.seq)) return call;
  const next = heard(call, fact);
  // The place moves on in any case; who looks for a change compares the rest.
  if (next !== call) return { ...next, epoch, seq };
  call.epoch = epoch;
  call.seq = seq;
  return call;
}

function heard(call: LiveCall, fact: CallEvent): LiveCall {
  switch (fact.type) {
    case 'carrier.arrived':
      return { ...call, from: fact.from, to: fact.to };
    case 'caller.said':
      if (fact.text === '') return call;
      return { ...call, words: wordsOf('caller', fact.text, fact.at), feeling: feltAfter(call.feeling, fact.text) };
    case 'assistant.said':
      return fact.text === '' ? call : { ...call, words: wordsOf('aida', fact.text, fact.at) };
    case 'assistant.heard':
      return fact.cut ? { ...call, feeling: feltAfterCut(call.feeling) } : call;
    case 'tool.asked':
      return { ...call, tools: [...call.tools, { id: fact.toolCallId, name: fact.name }] };
    case 'tool.answered':
      return { ...call, tools: call.tools.filter(({ id }) => id !== fact.toolCallId) };
    // A number that was completed only later is taken out of what is shown as well.
    case 'journal.redacted':
      return call.words === null ? call : { ...call, words: { ...call.words, text: short(fact.text) } };
    case 'carrier.streamStopped':
      return { ...call, tools: [] };
    default:
      return call;
  }
}

const wordsOf = (who: LastWords['who'], text: string, at: number): LastWords => ({ who, text: short(text), at });

function short(text: string): string {
  return text.length > WORDS_CHARS_MAX ? `${text.slice(0, WORDS_CHARS_MAX - 1).trimEnd()}…` : text;
}
