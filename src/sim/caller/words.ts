/** True when the words were heard. */
export type Matcher = (heard: string) => boolean;

/**
 * `/expression/` is a regular expression in any case over the text as heard; anything else are words that must
 * follow each other, whatever the case and the punctuation. Null for an expression that is none, or no word at all.
 */
export function matcherOf(pattern: string): Matcher | null {
  const expression = /^\/(.+)\/$/.exec(pattern)?.[1];
  if (expression !== undefined) {
    try {
      const regExp = new RegExp(expression, 'i');
      return (heard) => regExp.test(heard);
    } catch {
      return null;
    }
  }
  const wanted = plainWords(pattern);
  return wanted === '' ? null : (heard) => ` ${plainWords(heard)} `.includes(` ${wanted} `);
}

/** Lower case, letters and digits only, one blank between words; `4.50` and `7:00` stay whole. */
export function plainWords(text: string): string {
  return text
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{N}%.:]+/gu, ' ')
    .replace(/[.:](?!\d)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
