import type { Resolution } from '../../../entities/call-understanding.ts';
import { plainText } from './clauses.ts';
import { type Intent, wayIntents } from './intents.ts';
import type { Conversation, SaidTurn, Understanding } from './understanding.ts';

/** How the assistant says that it does not know, or cannot. */
const unable =
  /\b(?:i|we) (?:really |do |just )*(?:don't|do not|didn't) (?:know|have (?:any |that |this )?(?:\w+ )?information|have that)|\bi have no information|\b(?:i'm )?(?:sorry|afraid),? (?:but )?i (?:don't|do not|can't|cannot)|\bi (?:can't|cannot|couldn't|could not) (?:see|track|find|do|change|refund|answer|tell|check|help)|\bnothing is known|\bi'm not (?:sure|able)|\bno (?:tengo|se|cuento con)(?: esa| la)? ?(?:informacion)?\b|\bno lo se\b|\bno puedo\b/;
const ignorant = /\b(?:don't|do not) (?:know|have)\b|\bno information\b|\bnothing is known\b/;
const offersStaff = /\b(?:put|connect) you (?:through|with|to)\b/;
/** It says what becomes of the call now. */
const transferring =
  /\b(?:i'm|i am|let me|i'll|i will) (?:now )?(?:putting|put|connecting|connect|transferring|transfer|passing|pass) you\b|\b(?:le|te) (?:comunico|paso|transfiero)\b|\bpasarle con\b/;
const aMoment = /\bone moment\b|\bun momento\b/;
const recording = /\b(?:speak|leave (?:your|a) message) after the (?:tone|beep)\b|\bdespues del tono\b/;
const promised =
  /\b(?:will|shall) (?:\w+ )?(?:call you back|be called back)\b|\bsomebody will call\b|\ble (?:llamaremos|llamaran|devolveremos)\b/;
const SHORT_WORDS_MAX = 3;
/** A caller who has nothing to do with the store. */
const elsewhere =
  /\b(?:wrong number|by mistake|misdialed|pocket dial|butt dial|numero equivocado|warranty|congratulations you)\b/;

/** Turns of the caller that the assistant could not answer. */
export function unansweredTurns({ turns }: Pick<Conversation, 'turns'>): number[] {
  const found: number[] = [];
  turns.forEach(({ who, text }, index) => {
    const said = plainText(text);
    // What staff is offered for is not left without an answer.
    if (who !== 'assistant' || !unable.test(said) || (offersStaff.test(said) && !ignorant.test(said))) return;
    const before = turns.slice(0, index).findLastIndex((turn) => turn.who === 'caller');
    if (before >= 0 && index - before <= 2) found.push(before);
  });
  return [...new Set(found)];
}

export interface Findings {
  intents: Understanding['intents'];
  /** Turns with a question that was not answered; tools may tell of more. */
  questions: Understanding['questions'];
}

const byOutcome: Readonly<Record<string, Resolution>> = {
  transferred: 'transferred',
  voicemail: 'message',
  callback: 'callback',
  abandoned: 'abandoned',
};

/** What a call came to for its caller: by its outcome where that says it, else by what was said last. */
export function resolutionOf({ turns, outcome }: Conversation, { intents, questions }: Findings): Resolution {
  const known = byOutcome[outcome ?? ''];
  if (known) return known;
  const assistant = turns.filter(({ who }) => who === 'assistant').map(({ text }) => plainText(text));
  // Where the outcome is not known, the words tell what was done; with it, staff did not answer.
  if (outcome === null) {
    const last = assistant.slice(-2);
    if (last.some((text) => recording.test(text))) return 'message';
    const wanted = intents.some(({ intent }) => intent === 'transfer');
    if (last.some((text) => (transferring.test(text) || (wanted && aMoment.test(text))) && !text.includes('?')))
      return 'transferred';
    if (last.some((text) => promised.test(text))) return 'callback';
  }
  const about = intents.filter(({ intent }) => !wayIntents.has(intent));
  if (turns.some(({ who, text }) => who === 'caller' && elsewhere.test(plainText(text))) && about.length === 0)
    return 'none';
  if (wasLeft(turns, about)) return 'abandoned';
  if (questions.length > 0 && isLast(turns, questions)) return about.length > 0 ? 'unresolved' : 'none';
  if (about.length === 0) return intents.some(({ intent }) => intent === 'transfer') ? 'unresolved' : 'none';
  const complains = about.some(({ intent }) => intent === 'complaint');
  return complains && about.length === 1 && !wasMended(assistant) ? 'unresolved' : 'resolved';
}

/** The question without an answer was the last thing that the caller wanted. */
function isLast(turns: readonly SaidTurn[], questions: Understanding['questions']): boolean {
  const last = Math.max(...questions.map(({ turn }) => turn ?? turns.length));
  const after = turns.slice(last + 1).filter(({ who }) => who === 'assistant');
  return after.slice(1).every(({ text }) => unable.test(plainText(text)) || text.includes('?') || isShort(text));
}

/** Nothing was answered before the caller was gone. */
function wasLeft(turns: readonly SaidTurn[], about: Understanding['intents']): boolean {
  const first = turns.findIndex(({ who }) => who === 'caller');
  if (first < 0) return false;
  if (turns.slice(first).some(({ who, text }) => who === 'assistant' && answers(text))) return false;
  const said = turns.filter(({ who }) => who === 'caller').map(({ text }) => text.trim());
  return about.length > 0 || said.some((text) => !/[.!?]$/.test(text));
}

/** A whole sentence that asks nothing: what only asks back, or was cut off, is no answer. */
function answers(text: string): boolean {
  return /[.!](?:\s|$)/.test(text);
}

function isShort(text: string): boolean {
  return text.split(/\s+/).length <= SHORT_WORDS_MAX;
}

function wasMended(assistant: readonly string[]): boolean {
  return assistant.some(
    (text) => /\b(?:again|money back|replace|refund(?:ed)?|new one|make it)\b/.test(text) && !unable.test(text),
  );
}

const reasons: readonly Intent[] = ['complaint', 'cancel', 'order', 'booking'];

/** Why staff is wanted: a question that nobody answered, else the weightiest of what the call is about. */
export function transferReasonOf({ intents, questions }: Findings): string {
  if (questions.length > 0) return 'unanswered';
  return reasons.find((reason) => intents.some(({ intent }) => intent === reason)) ?? 'person';
}
