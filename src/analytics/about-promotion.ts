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
const asking =
  /\b(promo(tion)?s?|specials?|deals?|discounts?|coupons?|vouchers?|offers?|on sale|promoci[oó]n(es)?|ofertas?|descuentos?|cup[oó]n(es)?)(?![\p{L}])/iu;

const codeWords = /\b(codes?|coupons?|vouchers?|c[oó]digos?|cup[oó]n)(?![\p{L}])/iu;

/** Words that tell no promotion from another. */
const common = new Set(
  (
    'a an and any are at be can code day days deal deals discount do does for free from get have how i if in is it ' +
    'many me month months much my need of off offer offers on or our promo promotion promotions sale season special ' +
    'specials that the there this to two three two use want was week weekend weeks what when where which who will with ' +
    'work you your still'
  ).split(' '),
);

const ones: Readonly<Record<string, number>> = Object.fromEntries(
  'zero one two three four five six seven eight nine'.split(' ').map((word, value) => [word, value]),
);
const tens: Readonly<Record<string, number>> = Object.fromEntries(
  'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, index) => [word, 20 + 10 * index]),
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

/**
 * Codes of promotions that the caller named, spelled or in several words; as the store writes them. Where a code is
 * made of the name's own words, it is one only beside a word for codes, or in one word.
 */
export function codesNamed(said: readonly Said[], promotions: readonly Known[]): string[] {
  const caller = said
    .filter(({ who }) => who === 'caller')
    .map(({ text }) => ({ words: textWords(text), speaksOfCode: codeWords.test(text) }));
  const codes = promotions.flatMap(({ name, code }) => {
    const spelled = textWords(code ?? '').join('');
    if (code === null || spelled === '') return [];
    const isName = textWords(name).join('').includes(spelled);
    const isNamed = caller.some(
      ({ words, speaksOfCode }) =>
        joins(inDigits(words), spelled) && (!isName || speaksOfCode || words.includes(spelled)),
    );
    return isNamed ? [code] : [];
  });
  return [...new Set(codes)].toSorted();
}

/** True if these words name the promotion, or its code. */
export function namesPromotion(promotion: Pick<Known, 'name' | 'code'>, text: string): boolean {
  return names(promotion, textWords(text));
}

/** Its code, or what is particular of its name, in one turn. `MUDDYPAWS` may be written `muddy paws`. */
function names({ name, code }: Pick<Known, 'name' | 'code'>, words: readonly string[]): boolean {
  const own = particular(textWords(name));
  const said = new Set(words.map(singular));
  if (own.length > 0 && own.every((word) => said.has(word))) return true;
  const spelled = textWords(code ?? '').join('');
  return spelled !== '' && joins(inDigits(words), spelled);
}

/** `howl twenty six` is `HOWL26`. */
function inDigits(words: readonly string[]): string[] {
  const digits: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const ten = Object.hasOwn(tens, word) ? tens[word] : undefined;
    const next = words[at + 1] ?? '';
    const one = Object.hasOwn(ones, next) ? ones[next] : undefined;
    if (ten !== undefined && one !== undefined) at += 1;
    digits.push(ten === undefined ? (Object.hasOwn(ones, word) ? String(ones[word]) : word) : String(ten + (one ?? 0)));
  }
  return digits;
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
