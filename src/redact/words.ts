/** Numbers as speakers of English and Spanish read them out, for finding card and telephone numbers in transcripts. */

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
  cero: 0,
  uno: 1,
  una: 1,
  dos: 2,
  tres: 3,
  cuatro: 4,
  cinco: 5,
  seis: 6,
  siete: 7,
  ocho: 8,
  nueve: 9,
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
  diez: 10,
  once: 11,
  doce: 12,
  trece: 13,
  catorce: 14,
  quince: 15,
  dieciséis: 16,
  dieciseis: 16,
  diecisiete: 17,
  dieciocho: 18,
  diecinueve: 19,
  veinte: 20,
  veintiuno: 21,
  veintiún: 21,
  veintidós: 22,
  veintidos: 22,
  veintitrés: 23,
  veintitres: 23,
  veinticuatro: 24,
  veinticinco: 25,
  veintiséis: 26,
  veintiseis: 26,
  veintisiete: 27,
  veintiocho: 28,
  veintinueve: 29,
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
  treinta: 30,
  cuarenta: 40,
  cincuenta: 50,
  sesenta: 60,
  setenta: 70,
  ochenta: 80,
  noventa: 90,
};

export const scales: Record<string, number> = { hundred: 100, thousand: 1000 };

export const repeats: Record<string, number> = { double: 2, triple: 3, treble: 3, quadruple: 4, doble: 2 };

const english = new Set(
  (
    'zero oh o nought naught nil one two three four five six seven eight nine niner ten eleven twelve thirteen fourteen fifteen sixteen ' +
    'seventeen eighteen nineteen twenty thirty forty fourty fifty sixty seventy eighty ninety'
  ).split(' '),
);

export const spanishWords: ReadonlySet<string> = new Set(
  [units, teens, tens].flatMap((table) => Object.keys(table)).filter((word) => !english.has(word)),
);

/** Numbers in Spanish that are words of English as well: they count beside other Spanish ones. */
export const shared: ReadonlySet<string> = new Set(['once', 'una']);

/** Between tens and units in Spanish. */
export const joiners: ReadonlySet<string> = new Set(['y']);

/** Words that transcriptions write for digits. */
export const misheard: Record<string, number> = { to: 2, too: 2, for: 4, fore: 4, ate: 8, won: 1, tree: 3 };

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
  'y',
  'e',
  'luego',
  'después',
  'despues',
  'eh',
  'este',
  'pues',
  'bueno',
  'guion',
  'guión',
  'espacio',
  'punto',
  'coma',
]);
