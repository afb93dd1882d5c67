import type { Promotion } from '../../entities/promotion.ts';
import { singular, textWords } from '../services/words.ts';

/**
 * Which promotion a call was about, by rules: what the caller said counts, for the assistant offers much that nobody
 * asked for. Its words only tell which of several promotions a caller got who asked for any.
 */

type Known = Pick<Promotion, 'slug' | 'name' | 'code' | 'questions' | 'startsLocal' | 'endsLocal'>;

interface Said {
  who: 'caller' | 'assistant';
  text: string;
}

/** `YYYY-MM-DDTHH:MM` on the store's wall. */
export interface CallSpan {
  startLocal: string;
  endLocal: string;
}

/** What each finding is worth; name and code count whenever the promotion ran, the rest only if it did in the call. */
const NAMED = 8;
const QUESTION = 3;
const ASKED_AND_TOLD = 3;
const ASKED = 1;
/** A question is asked again if so many of its words, and such a share of them, are said in one turn. */
const QUESTION_WORDS_MIN = 2;
const QUESTION_SHARE = 0.6;

/** Words that ask for a promotion, whichever runs. */
const asking = /\b(promo(tion)?s?|specials?|deals?|discounts?|coupons?|vouchers?|offers?|on sale)\b/i;

/** Words that tell no promotion from another. */
const common = new Set(
  (
    'a an and any are at be can code day days deal deals discount do does for free from get have how i if in is it ' +
    'many me month months much my need of off offer offers on or our promo promotion promotions sale season special ' +
    'specials that the there this to two three two use want was week weekend weeks what when where which who will with ' +
    'work you your still'
  ).split(' '),
);

/** The slug of the promotion that the caller asked about, null for none. The same turns always give the same one. */
export function promotionAbout(said: readonly Said[], promotions: readonly Known[], span: CallSpan): string | null {
  const turns = said.map(({ who, text }) => ({ who, words: textWords(text), asks: asking.test(text) }));
  const caller = turns.filter(({ who }) => who === 'caller');
  const asks = caller.some((turn) => turn.asks);
  const found = promotions.flatMap((promotion) => {
    const ran = promotion.startsLocal <= span.endLocal && span.startLocal < promotion.endsLocal;
    const isNamed = (all: typeof turns) => all.some(({ words }) => names(promotion, words));
    let score = isNamed(caller) ? NAMED : 0;
    if (ran && caller.some(({ words }) => asksOne(promotion, words))) score += QUESTION;
    if (ran && asks) score += isNamed(turns) ? ASKED_AND_TOLD : ASKED;
    return score > 0 ? [{ promotion, score }] : [];
  });
  const [best] = found.toSorted(
    (a, b) =>
      b.score - a.score ||
      // Of two that fit alike, the one that began last, as it would be advertised.
      (a.promotion.startsLocal < b.promotion.startsLocal
        ? 1
        : a.promotion.startsLocal > b.promotion.startsLocal
          ? -1
          : 0) ||
      (a.promotion.slug < b.promotion.slug ? -1 : 1),
  );
  return best?.promotion.slug ?? null;
}

/** Its code, or what is particular of its name, in one turn. `MUDDYPAWS` may be written `muddy paws`. */
function names({ name, code }: Known, words: readonly string[]): boolean {
  const own = particular(textWords(name));
  const said = new Set(words.map(singular));
  if (own.length > 0 && own.every((word) => said.has(word))) return true;
  const spelled = textWords(code ?? '').join('');
  return spelled !== '' && joins(words, spelled);
}

/** Some words that follow each other are this one. */
function joins(words: readonly string[], spelled: string): boolean {
  return words.some((_, from) => {
    let joined = '';
    for (let to = from; to < words.length && joined.length < spelled.length; to += 1) joined += words[to] ?? '';
    return joined === spelled;
  });
}

function asksOne({ questions }: Known, words: readonly string[]): boolean {
  const said = new Set(words.map(singular));
  return questions.some(({ question }) => {
    const own = particular(textWords(question));
    const found = own.filter((word) => said.has(word)).length;
    return found >= QUESTION_WORDS_MIN && found >= own.length * QUESTION_SHARE;
  });
}

function particular(words: readonly string[]): string[] {
  return [...new Set(words.filter((word) => !common.has(word)).map(singular))];
}
