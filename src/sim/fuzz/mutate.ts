import type { Random } from '../twilio/random.ts';

/** Values and characters at which programs break. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -0.5,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  ' ',
  '\0',
  '\u2028',
  '😀',
  '__proto__',
  'constructor',
  '🂡'.repeat(99),
  [],
  {},
  [[[[]]]],
  { toString: 1 },
  'a'.repeat(5_000),
  '../../etc/passwd',
  '${jndi:ldap://x}',
  '%00',
  '\r\nset-cookie: x=1',
  'NaN',
  '1e999',
];
const ODD_CHARACTERS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '&',
  '%',
  '+',
  '\0',
  '\n',
  '\u007f',
  'é',
  '😀',
  ' ',
  '/',
  '=',
];
const CHANGES_MAX = 4;
const DEPTH_MAX = 5;

export const pick = <T>(random: Random, from: readonly T[]): T => from[random.between(0, from.length)] as T;

/** The text with some characters added, taken away, doubled, moved or turned into others. */
export function mutateText(random: Random, text: string): string {
  let mutated = text;
  for (let left = random.between(1, CHANGES_MAX + 1); left > 0; left -= 1) {
    const at = random.between(0, mutated.length + 1);
    const to = Math.min(mutated.length, at + random.between(1, 12));
    const [before, piece, after] = [mutated.slice(0, at), mutated.slice(at, to), mutated.slice(to)];
    switch (random.between(0, 6)) {
      case 0:
        mutated = before + after;
        break;
      case 1:
        mutated = before + piece + piece + after;
        break;
      case 2:
        mutated = before + pick(random, ODD_CHARACTERS) + piece + after;
        break;
      case 3:
        mutated = before + String.fromCharCode(random.between(0, 0x300)) + piece.slice(1) + after;
        break;
      case 4:
        mutated = after + before + piece;
        break;
      default:
        mutated = before;
    }
  }
  return mutated;
}

/** The same value with some of its parts left out, doubled under other names, or of another kind. */
export function mutateJson(random: Random, value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX || random.chance(0.15)) return pick(random, ODD_VALUES);
  if (typeof value === 'string') return random.chance(0.5) ? mutateText(random, value) : value;
  if (typeof value === 'number') return random.chance(0.5) ? value + random.between(-9, 9) : value;
  if (Array.isArray(value)) {
    const kept = value
      .filter(() => !random.chance(0.1))
      .map((one) => (random.chance(0.3) ? mutateJson(random, one, depth + 1) : one));
    return random.chance(0.1) ? [...kept, ...kept] : kept;
  }
  if (typeof value !== 'object' || value === null) return random.chance(0.5) ? pick(random, ODD_VALUES) : value;
  const entries = Object.entries(value).filter(() => !random.chance(0.05));
  const changed = entries.map(([key, one]) => [
    random.chance(0.03) ? mutateText(random, key) : key,
    random.chance(0.3) ? mutateJson(random, one, depth + 1) : one,
  ]);
  return Object.fromEntries(changed);
}
