/** What the model is told when its answer was shortened. */
const SHORTENED =
  'This answer was too long, parts of it are left out. Say so if it matters, or ask for something more specific.';
const CUTS_MAX = 64;
const TEXT_CHARS_MIN = 40;
const OMITTED = 'The answer is too long to be given. Ask for something more specific.';

/** JSON of an answer within a number of bytes: the longest lists and texts are halved, and the answer says so. */
export function fitJson(answer: Record<string, unknown>, bytesMax: number): string {
  const whole = JSON.stringify(answer);
  if (Buffer.byteLength(whole) <= bytesMax) return whole;
  const copy: Record<string, unknown> = { shortened: SHORTENED, ...(JSON.parse(whole) as Record<string, unknown>) };
  for (let cuts = 0; cuts < CUTS_MAX; cuts += 1) {
    const largest = largestPart(copy);
    if (!largest) break;
    largest.halve();
    const json = JSON.stringify(copy);
    if (Buffer.byteLength(json) <= bytesMax) return json;
  }
  return JSON.stringify({ shortened: OMITTED });
}

interface Part {
  /** What halving is worth; a text is cut before the list around it if it makes up half of that. */
  size: number;
  halve(): void;
}

function largestPart(holder: Record<string, unknown>): Part | null {
  let largest: Part | null = null;
  for (const [key, value] of Object.entries(holder)) {
    if (key === 'shortened') continue;
    for (const part of partsOf(value, (smaller) => (holder[key] = smaller))) {
      if (!largest || part.size > largest.size) largest = part;
    }
  }
  return largest;
}

function partsOf(value: unknown, replace: (smaller: unknown) => void): Part[] {
  if (typeof value === 'string') {
    if (value.length <= TEXT_CHARS_MIN) return [];
    return [
      {
        size: 2 * value.length,
        halve: () => replace(`${value.slice(0, Math.floor(value.length / 2)).toWellFormed()} …`),
      },
    ];
  }
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, each]) =>
    partsOf(each, (smaller) => {
      (value as Record<string, unknown>)[key] = smaller;
    }),
  );
  if (!Array.isArray(value) || value.length < 2) return inner;
  const list: unknown[] = value;
  return [
    ...inner,
    { size: JSON.stringify(list).length, halve: () => replace(list.slice(0, Math.floor(list.length / 2))) },
  ];
}
