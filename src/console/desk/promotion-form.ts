import type { Promotion } from '../../../entities/promotion.ts';
import type { PromotionDraft } from '../../services/promotion-draft.ts';
import { momentWords, promotionLimits, tidyDraft } from '../../services/promotion-draft.ts';
import { promotionLines, spokenPromotion } from '../../services/promotions.ts';

const BLANK_ROWS = 2;
const QUESTION = /^questions\.(\d{1,3})\.(question|answer)$/;
/** The carrier's voice, and the assistant's, say about fifteen characters a second. */
const CHARACTERS_PER_S = 15;
const MINUTE_CHARS = 16;

/** What a form says, tidied. */
export function draftOf(form: URLSearchParams): PromotionDraft {
  const rows = new Map<number, { question: string; answer: string }>();
  for (const [name, value] of form) {
    const [, index = '', part = ''] = QUESTION.exec(name) ?? [];
    if (index === '') continue;
    const row = rows.get(Number(index)) ?? { question: '', answer: '' };
    row[part === 'answer' ? 'answer' : 'question'] = value;
    rows.set(Number(index), row);
  }
  const said = (name: string) => form.get(name) ?? '';
  return tidyDraft({
    name: said('name'),
    // Browsers may add seconds.
    startsLocal: said('startsLocal').slice(0, MINUTE_CHARS),
    endsLocal: said('endsLocal').slice(0, MINUTE_CHARS),
    offer: said('offer'),
    terms: said('terms'),
    code: said('code'),
    questions: [...rows].toSorted(([a], [b]) => a - b).map(([, row]) => row),
    soldOut: form.get('soldOut') === 'on',
  });
}

/** With room for another question or two. */
export function formRows(questions: PromotionDraft['questions']): { question: string; answer: string }[] {
  const blank = Array.from({ length: BLANK_ROWS }, () => ({ question: '', answer: '' }));
  return [...questions, ...blank].slice(0, promotionLimits.questionsMax);
}

export interface Preview {
  when: string;
  /** What the assistant knows and may say of it. */
  assistant: string;
  /** What those hear who wait, and who press its key. */
  waiting: string[];
  waitingSeconds: number;
  questions: { question: string; answer: string }[];
  /** Once it is sold out. */
  soldOut: string;
}

/** Exactly what callers are told, by the same functions that tell them. */
export function previewOf(draft: PromotionDraft, timeZone: string): Preview {
  const { startsLocal, endsLocal } = draft;
  const [waiting = []] = promotionLines([draft]);
  return {
    when: `From ${momentWords(startsLocal)} to ${momentWords(endsLocal)} on the store’s clock (${timeZone}).`,
    assistant: spokenPromotion(draft),
    waiting,
    waitingSeconds: Math.ceil(waiting.join(' ').length / CHARACTERS_PER_S),
    questions: draft.questions,
    soldOut: spokenPromotion({ ...draft, soldOut: true }),
  };
}

const labels: Record<keyof PromotionDraft, string> = {
  name: 'Name',
  startsLocal: 'Begins',
  endsLocal: 'Ends',
  offer: 'Offer',
  terms: 'Terms',
  code: 'Code',
  questions: 'Questions',
  soldOut: 'Sold out',
};

/** Where two who changed the same promotion differ. */
export function differences(
  mine: PromotionDraft,
  theirs: Promotion,
): { label: string; mine: string; theirs: string }[] {
  const keys = Object.keys(labels) as (keyof PromotionDraft)[];
  return keys.flatMap((key) => {
    const [left, right] = [shown(mine[key]), shown(theirs[key])];
    return left === right ? [] : [{ label: labels[key], mine: left, theirs: right }];
  });
}

function shown(value: PromotionDraft[keyof PromotionDraft]): string {
  if (Array.isArray(value)) return value.map(({ question, answer }) => `${question} ${answer}`).join('\n') || '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === null || value === '' ? '–' : value;
}
