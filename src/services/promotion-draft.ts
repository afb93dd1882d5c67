import type { Promotion } from '../../entities/promotion.ts';
import { addDays, dayNames, dayOfWeek, instantOf, spokenDate, wallTime } from './local-time.ts';
import { localMinute } from './promotions.ts';
import { isLocalMinute } from './store-check.ts';

export const promotionLimits = {
  nameCharsMax: 80,
  /** All of it is spoken: about twenty seconds. */
  offerCharsMax: 300,
  termsCharsMax: 500,
  codeCharsMax: 30,
  questionsMax: 20,
  questionCharsMax: 200,
  answerCharsMax: 400,
} as const;

/** What a person writes of a promotion. */
export type PromotionDraft = Pick<
  Promotion,
  'name' | 'startsLocal' | 'endsLocal' | 'offer' | 'terms' | 'code' | 'questions' | 'soldOut'
>;

/** A sentence for each field that needs one: `name`, `startsLocal`, `questions.2`, … */
export type FieldNotes = Record<string, string>;

export interface DraftJudgement {
  /** What cannot be saved so. */
  problems: FieldNotes;
  /** What is unusual, and saved once somebody says that it is meant. */
  doubts: FieldNotes;
}

export interface DraftContext {
  /** Milliseconds since the epoch. */
  now: number;
  timeZone: string;
  /** What it was before; null for a new one. */
  before: Promotion | null;
  others: readonly Promotion[];
}

const HOUR_MS = 3_600_000;
const CODE = /^[\p{L}\p{N}][\p{L}\p{N} -]*$/u;

/** What was typed, without what nobody says: control characters, line ends, spaces around. */
export function tidyDraft(draft: PromotionDraft): PromotionDraft {
  const code = draft.code === null ? '' : plainText(draft.code);
  return {
    ...draft,
    name: plainText(draft.name),
    offer: plainText(draft.offer),
    terms: plainText(draft.terms),
    code: code === '' ? null : code,
    questions: draft.questions
      .map(({ question, answer }) => ({ question: plainText(question), answer: plainText(answer) }))
      .filter(({ question, answer }) => question !== '' || answer !== ''),
  };
}

function plainText(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** Whether a promotion can be saved so, and what is to be said beside its fields. Pure. */
export function judgeDraft(draft: PromotionDraft, context: DraftContext): DraftJudgement {
  const problems = { ...textProblems(draft), ...questionProblems(draft), ...timeProblems(draft, context) };
  const areTimesSound = !('startsLocal' in problems || 'endsLocal' in problems);
  return { problems, doubts: areTimesSound ? timeDoubts(draft, context) : {} };
}

function textProblems({ name, offer, terms, code }: PromotionDraft): FieldNotes {
  const { nameCharsMax, offerCharsMax, termsCharsMax, codeCharsMax } = promotionLimits;
  const notes: FieldNotes = {};
  if (name === '') notes.name = 'Callers hear the name: please give it one.';
  if (offer === '') notes.offer = 'Say what the offer is, in a sentence as a caller is to hear it.';
  const lengths: [string, string, number][] = [
    ['name', name, nameCharsMax],
    ['offer', offer, offerCharsMax],
    ['terms', terms, termsCharsMax],
    ['code', code ?? '', codeCharsMax],
  ];
  for (const [field, text, most] of lengths) if (text.length > most) notes[field] = tooLong(text, most);
  if (code !== null && !CODE.test(code)) notes.code = 'A code is spoken: letters, digits, spaces and hyphens only.';
  return notes;
}

const tooLong = (text: string, most: number): string =>
  `This has ${text.length} characters; ${most} is the most, because it is spoken.`;

function questionProblems({ questions }: PromotionDraft): FieldNotes {
  const { questionsMax, questionCharsMax, answerCharsMax } = promotionLimits;
  const notes: FieldNotes = {};
  if (questions.length > questionsMax)
    notes.questions = `At most ${questionsMax} questions; these are ${questions.length}.`;
  for (const [index, { question, answer }] of questions.entries()) {
    const field = `questions.${index}`;
    if (question === '') notes[field] = 'There is an answer without its question.';
    else if (answer === '') notes[field] = 'There is a question without its answer.';
    else if (question.length > questionCharsMax) notes[field] = tooLong(question, questionCharsMax);
    else if (answer.length > answerCharsMax) notes[field] = tooLong(answer, answerCharsMax);
  }
  return notes;
}

function timeProblems({ startsLocal, endsLocal }: PromotionDraft, { now, timeZone, before }: DraftContext): FieldNotes {
  const notes: FieldNotes = {};
  for (const [field, value] of Object.entries({ startsLocal, endsLocal })) {
    const problem = minuteProblem(value, timeZone);
    if (problem !== null && value !== before?.[field as 'startsLocal' | 'endsLocal']) notes[field] = problem;
  }
  if (Object.keys(notes).length > 0) return notes;
  const today = localMinute(now, timeZone);
  if (before && before.startsLocal <= today && startsLocal !== before.startsLocal)
    notes.startsLocal = `It began ${momentWords(before.startsLocal)}: its beginning stays, because its figures count from then.`;
  if (endsLocal <= startsLocal) notes.endsLocal = `It would end before it begins, ${momentWords(startsLocal)}.`;
  else if (endsLocal <= today)
    notes.endsLocal = `That is over: it is ${momentWords(today)} at the store. Nobody would ever hear of it.`;
  return notes;
}

/** Why promotions cannot begin or end then; null if they can. */
function minuteProblem(value: string, timeZone: string): string | null {
  if (value === '') return 'Please give day and time.';
  if (!isLocalMinute(value)) return 'There is no such day or time.';
  const at = instantIn(value, timeZone);
  if (localMinute(at, timeZone) !== value)
    return `The clocks go forward then: there is no ${value.slice(11)} on that day. Choose ${localMinute(at, timeZone).slice(11)}.`;
  if (localMinute(at + HOUR_MS, timeZone) === value)
    return `The clocks go back then: ${value.slice(11)} comes twice on that day. Choose an hour earlier or later.`;
  return null;
}

function instantIn(local: string, timeZone: string): number {
  return instantOf(local.slice(0, 10), Number(local.slice(11, 13)) * 60 + Number(local.slice(14)), timeZone);
}

function timeDoubts(draft: PromotionDraft, { now, timeZone, before, others }: DraftContext): FieldNotes {
  const notes: FieldNotes = {};
  const today = localMinute(now, timeZone);
  const { startsLocal, endsLocal, code } = draft;
  if (startsLocal < today && startsLocal !== before?.startsLocal)
    notes.startsLocal = `That was ${agoWords(now - instantIn(startsLocal, timeZone))}: callers would hear of it at once.`;
  const meanwhile = others.filter((other) => other.startsLocal < endsLocal && startsLocal < other.endsLocal);
  const known = before
    ? others.filter((other) => other.startsLocal < before.endsLocal && before.startsLocal < other.endsLocal)
    : [];
  const fresh = meanwhile.filter((other) => !known.includes(other));
  if (fresh.length > 0)
    notes.endsLocal = `${fresh.map(spanWords).join(', and ')}, at the same time: callers would be told of ${fresh.length > 1 ? 'all of them' : 'both'}.`;
  const same = meanwhile.find((other) => code !== null && other.code?.toLowerCase() === code.toLowerCase());
  if (same && before?.code !== code) notes.code = `${same.name} has the same code at the same time.`;
  return notes;
}

const spanWords = ({ name, startsLocal, endsLocal }: Promotion): string =>
  `${name} runs from ${momentWords(startsLocal)} to ${momentWords(endsLocal)}`;

function agoWords(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  if (hours < 1) return 'a few minutes ago';
  if (hours < 48) return hours === 1 ? 'an hour ago' : `${hours} hours ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

/** `Wednesday, November 25, 09:00` of a minute on the store's clock. */
export function momentWords(local: string): string {
  const date = local.slice(0, 10);
  return `${dayNames[dayOfWeek(date)] ?? ''}, ${spokenDate(date)}, ${local.slice(11)}`;
}

/** What a new promotion begins with: from the next full hour, for a week. */
export function emptyDraft(now: number, timeZone: string): PromotionDraft {
  const { date, minute } = wallTime(now + HOUR_MS, timeZone);
  const time = `${String(Math.floor(minute / 60)).padStart(2, '0')}:00`;
  return {
    name: '',
    startsLocal: `${date}T${time}`,
    endsLocal: `${addDays(date, 7)}T00:00`,
    offer: '',
    terms: '',
    code: null,
    questions: [],
    soldOut: false,
  };
}
