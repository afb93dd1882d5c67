import type { KnowledgeText, PromotionOffer } from './catalog.ts';
import { addDays, dayNames, dayOfWeek, spokenDate, wallTime } from './local-time.ts';
import { textWords } from './words.ts';

/** Words that ask for an offer whatever its name is. */
const ASKING = 'promotion promotions offer offers deal deals special specials discount discounts sale coupon code';

/** `YYYY-MM-DDTHH:MM` on the store's wall: what promotions' times are compared with, as text. */
export function localMinute(now: number, timeZone: string): string {
  const { date, minute } = wallTime(now, timeZone);
  return `${date}T${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

/** The promotions that run at this instant in store time, sold out ones too. */
export function runningPromotions(
  promotions: readonly PromotionOffer[],
  now: number,
  timeZone: string,
): PromotionOffer[] {
  const local = localMinute(now, timeZone);
  return promotions.filter(({ startsLocal, endsLocal }) => startsLocal <= local && local < endsLocal);
}

/** `through Monday, November 30`, or `until 18:00 on Monday, November 30` for an end within a day. */
export function spokenEnd(promotion: PromotionOffer): string {
  const date = promotion.endsLocal.slice(0, 10);
  const time = promotion.endsLocal.slice(11);
  const last = time === '00:00' ? addDays(date, -1) : date;
  const day = `${dayNames[dayOfWeek(last)] ?? ''}, ${spokenDate(last)}`;
  return time === '00:00' ? `through ${day}` : `until ${time} on ${day}`;
}

/** Everything that may be said of a promotion, in sentences. */
export function spokenPromotion(promotion: PromotionOffer): string {
  const { name, offer, terms, code, soldOut } = promotion;
  if (soldOut) return `${name} is sold out and can no longer be had. It was: ${sentence(offer)}`;
  const parts = [`${name}, ${spokenEnd(promotion)}: ${sentence(offer)}`];
  if (code) parts.push(`The code is ${code}.`);
  if (terms) parts.push(`Terms: ${sentence(terms)}`);
  return parts.join(' ');
}

/** What may be said of promotions to callers who wait, each in short sentences; sold out ones are not mentioned. */
export function promotionLines(running: readonly PromotionOffer[]): string[][] {
  return running
    .filter(({ soldOut }) => !soldOut)
    .map((promotion) => {
      const { name, offer, code } = promotion;
      const heading = `${name}, ${spokenEnd(promotion)}.`;
      return [heading, sentence(offer), ...(code ? [`The code is ${code}.`] : [])];
    });
}

/** Running promotions as documents, so that a search finds them and their questions. */
export function promotionTexts(running: readonly PromotionOffer[]): KnowledgeText[] {
  return running.flatMap((promotion) => [
    { category: 'promotion', title: promotion.name, question: ASKING, body: spokenPromotion(promotion) },
    ...promotion.questions.map(({ question, answer }) => ({
      category: 'promotion',
      title: promotion.name,
      question,
      body: promotion.soldOut ? `${sentence(answer)} But ${promotion.name} is sold out.` : answer,
    })),
  ]);
}

/** True if the promotion names this product or category. */
export function speaksOf({ name, offer, terms }: PromotionOffer, subject: string): boolean {
  return ` ${textWords(`${name} ${offer} ${terms}`).join(' ')} `.includes(` ${textWords(subject).join(' ')} `);
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
