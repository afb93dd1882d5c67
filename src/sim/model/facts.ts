const SPOKEN_CHARS_MAX = 420;
const PHRASES_MAX = 14;
const SENTENCE_KEYS = ['message', 'error', 'answer', 'content', 'text', 'summary'];
const NAME_KEYS = ['name', 'title', 'dayName', 'label', 'question'];
const DETAIL_KEYS = ['formattedHours', 'priceRange', 'price', 'interval', 'offer', 'code', 'terms', 'address', 'phone'];
const AFTER_KEYS = ['description', 'suggestions'];
const OPENERS: Readonly<Record<string, string>> = {
  get_menu: 'On the menu:',
  get_product_details: 'Here it is:',
  get_store_hours: 'Our hours:',
  get_subscription_info: 'Our plans:',
  search_knowledge_base: 'I found this:',
};

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function leaf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

function leaves(object: Json, keys: readonly string[]): string[] {
  return keys.map((key) => leaf(object[key])).filter((value) => value !== null);
}

/** One object's own facts in speaking order, then those of what it holds. */
function phrasesOf(value: unknown, into: string[]): void {
  if (into.length >= PHRASES_MAX) return;
  if (Array.isArray(value)) {
    for (const each of value) {
      const word = leaf(each);
      if (word === null) phrasesOf(each, into);
      else if (into.length < PHRASES_MAX) into.push(word);
    }
    return;
  }
  if (!isObject(value)) return;
  const own = [...leaves(value, NAME_KEYS), ...leaves(value, DETAIL_KEYS)].join(' ');
  const sentences = leaves(value, SENTENCE_KEYS);
  const after = leaves(value, AFTER_KEYS);
  for (const phrase of [...sentences, own, ...after]) {
    if (phrase !== '' && into.length < PHRASES_MAX) into.push(phrase);
  }
  for (const nested of Object.values(value)) {
    if (typeof nested === 'object' && nested !== null) phrasesOf(nested, into);
  }
}

function bounded(text: string): string {
  if (text.length <= SPOKEN_CHARS_MAX) return text;
  const cut = text.slice(0, SPOKEN_CHARS_MAX);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), 1))} and more.`;
}

/** What the assistant says of a tool's output: its messages, names, hours and prices as they stand; plain words as they are. */
export function tellOutput(name: string, output: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    return bounded(output.trim() === '' ? 'I have nothing on that.' : output.trim());
  }
  const word = leaf(parsed);
  if (word !== null) return bounded(word);
  const phrases: string[] = [];
  phrasesOf(parsed, phrases);
  if (phrases.length === 0) return 'I have nothing on that.';
  const opener = OPENERS[name];
  return bounded(`${opener === undefined ? '' : `${opener} `}${phrases.join(', ')}`);
}
