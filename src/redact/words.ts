/** Numbers as English speakers read them out, for finding card and telephone numbers in transcripts. */

export const units: Record<string, number> = {
  zero: 0,
  oh: 0,
  o: 0,
  nought: 0,
  naught: 0,
  nil: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  niner: 9,
};

export const teens: Record<string, number> = {
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
};

export const tens: Record<string, number> = {
  twenty: 20,
  thirty: 30,
  forty: 40,
  fourty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
};

export const scales: Record<string, number> = { hundred: 100, thousand: 1000 };

export const repeats: Record<string, number> = { double: 2, triple: 3, treble: 3, quadruple: 4 };

/** Said between the digits of one number without ending it. */
export const fillers = new Set([
  'and',
  'then',
  'um',
  'uh',
  'uhm',
  'umm',
  'er',
  'erm',
  'hm',
  'hmm',
  'mm',
  'ah',
  'like',
  'so',
  'ok',
  'okay',
  'next',
  'dash',
  'hyphen',
  'minus',
  'space',
  'dot',
  'point',
  'comma',
  'slash',
  'plus',
]);
