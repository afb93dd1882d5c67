import { browserCaller } from '../../services/caller-number.ts';
import { render } from '../render.ts';
import { durationWords } from '../words.ts';
import { type LiveCall, liveMoodOf } from './live-call.ts';
import type { Mood } from './mood.ts';

/** What shift leads look for in a list of calls. */
export type LiveGroup = 'talking' | 'waiting' | 'staff' | 'other';

interface StateWords {
  words: string;
  group: LiveGroup;
}

const states: Readonly<Record<string, StateWords>> = {
  '': { words: 'Arriving', group: 'other' },
  ringing: { words: 'Arriving', group: 'other' },
  waiting: { words: 'Waiting room', group: 'waiting' },
  conversation: { words: 'With Aida', group: 'talking' },
  detached: { words: 'Line broken', group: 'other' },
  dialing: { words: 'With staff', group: 'staff' },
  recording: { words: 'Leaving a message', group: 'other' },
  reviewing: { words: 'Reviewing the message', group: 'other' },
  menu: { words: 'At the keypad menu', group: 'other' },
  hangingUp: { words: 'Hanging up', group: 'other' },
};

/** A state of a newer release is shown by its name. */
export const stateOf = (state: string): StateWords => states[state] ?? { words: state, group: 'other' };

export const moodWords: Readonly<Record<Mood, string>> = {
  happy: 'Happy',
  calm: 'Calm',
  impatient: 'Impatient',
  upset: 'Upset',
};
const speakers = { caller: 'Caller', aida: 'Aida', supervisor: 'Supervisor' } as const;

const SHOWN_DIGITS = 4;
const DIGITS_HIDDEN_MIN = 3;

/** `••• 0142`: enough to tell callers apart, too little to call them. `ada (browser)` for the phone in the browser. */
export function maskedNumber(number: string): string {
  if (number.startsWith(browserCaller)) return `${number.slice(browserCaller.length)} (browser)`;
  const digits = number.replaceAll(/\D/g, '');
  if (digits === '') return 'Withheld';
  const shown = Math.max(0, Math.min(SHOWN_DIGITS, digits.length - DIGITS_HIDDEN_MIN));
  return `••• ${shown === 0 ? '' : digits.slice(-shown)}`.trim();
}

/** A call needs somebody: the caller is upset, or the line is broken. */
export function isUrgent(call: LiveCall): boolean {
  const mood = liveMoodOf(call);
  return mood === 'upset' || mood === 'impatient' || call.state === 'detached';
}

/** The call's row in the list, ready. `now`: Redis-clock ms. */
export function liveRow(call: LiveCall, now: number): string {
  const { words, group } = stateOf(call.state);
  const mood = liveMoodOf(call);
  const since = group === 'waiting' || group === 'staff' ? call.stateAt : call.arrivedAt;
  return render('live/row', {
    callSid: call.callSid,
    href: `/admin/calls/${encodeURIComponent(call.callSid)}`,
    caller: maskedNumber(call.from),
    state: words,
    group,
    mood,
    moodWords: moodWords[mood],
    isUrgent: isUrgent(call),
    arrivedAt: call.arrivedAt,
    since,
    lasts: durationWords(Math.max(0, Math.floor((now - since) / 1_000))),
    lastsWhat: group === 'waiting' ? 'waiting' : group === 'staff' ? 'with staff' : 'since the call came',
    node: call.node,
    tool: call.tools[0]?.name ?? null,
    said: call.words && { who: speakers[call.words.who], text: call.words.text },
  });
}

export const goneRow = (callSid: string): string => render('live/gone', { callSid });
