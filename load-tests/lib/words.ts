export interface WordCounts {
  /** Heard, but not what should have been said. */
  wrong: number;
  missing: number;
}

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Words of an utterance beside those that it should have; of one that was cut, those before the cut. */
export function compareWords(heard: string, expected: string, isCut: boolean): WordCounts {
  const found = wordsOf(heard);
  // A cut goes through a word.
  if (isCut) found.pop();
  const wanted = wordsOf(expected);
  const same = longestCommon(found, wanted);
  return { wrong: found.length - same, missing: isCut ? 0 : wanted.length - same };
}

/** Length of the longest common subsequence. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const word of a) {
    const next = [0];
    for (let at = 0; at < b.length; at += 1) {
      next.push(word === b[at] ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
