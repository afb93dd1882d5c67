import type { Resolution } from '../../../entities/call-understanding.ts';
import { type Intent, wayIntents } from './intents.ts';
import type { Understanding } from './understanding.ts';

const QUOTE_CHARS_MAX = 160;
const NAMES_MAX = 3;

const wants: Record<Intent, string> = {
  hours: 'the opening hours',
  location: 'where the shop is',
  menu: 'what there is',
  product: 'a product',
  diet: 'what goes with a diet or an allergy',
  order: 'an order',
  subscription: 'a subscription',
  cancel: 'ending something',
  promotion: 'a promotion',
  booking: 'a booking',
  knowledge: 'a question about the shop',
  jobs: 'a job',
  complaint: 'a complaint',
  transfer: 'a person',
  voicemail: 'a message',
  callback: 'being called back',
  language: 'another language',
  goodbye: '',
};

const ends: Record<Resolution, string> = {
  resolved: 'It was answered.',
  unresolved: 'It was left open.',
  transferred: 'The caller was put through to staff.',
  message: 'The caller left a message.',
  callback: 'The caller is to be called back.',
  abandoned: 'The caller left before there was an answer.',
  none: 'Nothing was asked for.',
};

/** Two sentences: what the caller wanted, and what came of it. Product names as the store has them. */
export function summaryOf(
  { intents, resolution, questions, products }: Omit<Understanding, 'summary'>,
  nameOf: (slug: string) => string,
): string {
  const about = intents.map(({ intent }) => intent).filter((intent) => intent !== 'goodbye');
  const topics = about.filter((intent) => !wayIntents.has(intent));
  const said = (topics.length > 0 ? topics : about).map((intent) =>
    intent === 'product' && products.length > 0 ? listOf(products.slice(0, NAMES_MAX).map(nameOf)) : wants[intent],
  );
  const first = said.length > 0 ? `The caller asked about ${listOf(said)}.` : 'The caller wanted nothing of the shop.';
  const [open] = questions;
  if (open && resolution !== 'resolved')
    return `${first} Not answered: “${open.question.slice(0, QUOTE_CHARS_MAX)}”${ending(open.question)}`;
  return `${first} ${ends[resolution]}`;
}

function listOf(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}

function ending(question: string): string {
  return /[.?!]$/.test(question.slice(0, QUOTE_CHARS_MAX)) ? '' : '.';
}
