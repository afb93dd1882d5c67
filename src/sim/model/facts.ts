const SPOKEN_CHARS_MAX = 420;
const PHRASES_MAX = 14;
/** Whole sentences, said as they stand. */
const SENTENCE_KEYS = ['message', 'error', 'now', 'answer', 'text', 'body', 'content', 'summary', 'why'];
/** The first of these that is there names the thing. */
const NAME_KEYS = ['name', 'title', 'source', 'dayName', 'category', 'label', 'question'];
const DETAIL_KEYS = ['formattedHours', 'priceRange', 'offer', 'code', 'terms', 'address'];
/** Said after everything else about the thing. */
const AFTER_KEYS = ['description'];
/** What tells the model how to behave, and detail nobody asked for. */
const UNSPOKEN_KEYS = new Set(['note', 'next', 'shortened', 'modifiers', 'alsoPossible']);
const OPENERS: Readonly<Record<string, string>> = {
  get_menu: 'On the menu:',
  get_product_details: 'Here it is:',
  get_store_hours: 'Our hours:',
  get_subscription_info: 'Our plans:',
  search_knowledge_base: 'I found this:',
};
const FAREWELLS: Readonly<Record<string, string>> = {
  transfer_to_staff: 'I am putting you through now.',
  leave_voicemail: 'You can record your message after the tone.',
  end_call: 'Goodbye.',
};
const NOTHING = 'I have nothing on that.';

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

/** What an object says of itself: its sentences, its name with the details, what is said after. */
function ownPhrases(object: Json): string[] {
  const price = leaves(object, ['spokenPrice', 'price', 'interval']).slice(0, 'spokenPrice' in object ? 1 : 2);
  const named = [...leaves(object, NAME_KEYS).slice(0, 1), ...price, ...leaves(object, DETAIL_KEYS)].join(' ');
  return [...leaves(object, SENTENCE_KEYS), named, ...leaves(object, AFTER_KEYS)];
}

/** An object's own phrases, then those of what it holds, in order, up to the limit. */
function phrasesOf(value: unknown, into: string[]): void {
  const own = Array.isArray(value) ? value.map((each) => leaf(each) ?? '') : isObject(value) ? ownPhrases(value) : [];
  for (const phrase of own) {
    if (phrase !== '' && into.length < PHRASES_MAX) into.push(phrase);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, nested] of Object.entries(value)) {
    if (!UNSPOKEN_KEYS.has(key)) phrasesOf(nested, into);
  }
}

function bounded(text: string): string {
  if (text.length <= SPOKEN_CHARS_MAX) return text;
  const cut = text.slice(0, SPOKEN_CHARS_MAX);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), 1))} and more.`;
}

/** What the assistant says of a tool's output: names, hours, prices and sentences as they stand; plain words as they are. */
export function tellOutput(name: string, output: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    return bounded(output.trim() === '' ? NOTHING : output.trim());
  }
  const word = leaf(parsed);
  if (word !== null) return bounded(word);
  if (isObject(parsed) && parsed['accepted'] === true) return FAREWELLS[name] ?? 'Very well.';
  const phrases: string[] = [];
  phrasesOf(parsed, phrases);
  const unknown = isObject(parsed) && parsed['found'] === false;
  if (phrases.length === 0) return NOTHING;
  const opener = unknown ? `${NOTHING} There is:` : (OPENERS[name] ?? '');
  return bounded(`${opener} ${phrases.join(', ')}`.trim());
}
