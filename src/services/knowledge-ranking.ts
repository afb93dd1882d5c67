import type { KnowledgeText } from './catalog.ts';
import { plainWords, singular, textWords, wordDistance } from './words.ts';

/** Words of a question that a search goes by; the rest is ignored. */
const MEANING_WORDS_MAX = 12;
const TITLE_WEIGHT = 3;
/** Below this share of the question's weight a text is not about it. */
const COVERAGE_MIN = 0.34;

const stopWords = new Set(
  (
    'a an and any are at be by can could do does for from get give had has have how i if im in is it its know like me my need of on or our ' +
    'please should so some tell that the their them there they this to us want was we what whats when where which who why will with would ' +
    'you your yours about am not also just im ive id'
  ).split(' '),
);

export interface RankedText {
  text: KnowledgeText;
  /** Share of the question, by weight of its words, that the text speaks of: 0–1. */
  coverage: number;
  score: number;
}

interface Indexed {
  text: KnowledgeText;
  title: ReadonlySet<string>;
  body: ReadonlySet<string>;
}

const indexes = new WeakMap<readonly KnowledgeText[], Indexed[]>();

/** The words that carry a question's meaning, singular, without accents and punctuation. */
export function meaningWords(question: string): string[] {
  const words = plainWords(question)
    .map(singular)
    .filter((word) => !stopWords.has(word));
  return [...new Set(words)].slice(0, MEANING_WORDS_MAX);
}

/** Texts about the question, best first: rare words weigh more, titles more than bodies. */
export function rankTexts(texts: readonly KnowledgeText[], question: string): RankedText[] {
  const words = meaningWords(question);
  const index = indexOf(texts);
  const weights = words.map((word) =>
    Math.log(1 + texts.length / (1 + index.filter((entry) => grade(entry, word) > 0).length)),
  );
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return index
    .map((entry) => {
      const grades = words.map((word) => grade(entry, word));
      const covered = weights.reduce((sum, weight, at) => sum + ((grades[at] ?? 0) > 0 ? weight : 0), 0);
      const score = weights.reduce((sum, weight, at) => sum + weight * (grades[at] ?? 0), 0);
      return { text: entry.text, coverage: whole > 0 ? covered / whole : 0, score };
    })
    .filter(({ coverage }) => coverage >= COVERAGE_MIN)
    .toSorted((a, b) => b.score - a.score);
}

function grade(entry: Indexed, word: string): number {
  if (entry.title.has(word)) return TITLE_WEIGHT;
  if (entry.body.has(word)) return 1;
  for (const known of entry.title) {
    const distance = wordDistance(word, known);
    if (distance !== null) return TITLE_WEIGHT / (1 + distance);
  }
  return 0;
}

function indexOf(texts: readonly KnowledgeText[]): Indexed[] {
  let index = indexes.get(texts);
  if (!index) {
    index = texts.map((text) => ({
      text,
      title: new Set(allWords(`${text.title} ${text.question}`)),
      body: new Set(allWords(text.body)),
    }));
    indexes.set(texts, index);
  }
  return index;
}

/** With the joined spelling of hyphenated words: who says `wifi` means `Wi-Fi`. */
function allWords(text: string): string[] {
  const joined = text.match(/(?<!\p{L})\p{L}+(?:-\p{L}+)+/gu) ?? [];
  return [text, ...joined.map((word) => word.replaceAll('-', ''))]
    .flatMap(textWords)
    .map(singular)
    .filter((word) => !stopWords.has(word));
}
