import { DirectoryError } from './errors.ts';

/** A script's answer: its kind first, then texts; numbers and nil come as '' or digits. */
export interface Reply {
  kind: string;
  /** '' for nil. */
  text(index: number): string;
  number(index: number): number;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : '';
}

/** @throws DirectoryError `reply` for anything but a list that begins with a word */
export function readReply(value: unknown): Reply {
  if (!Array.isArray(value) || typeof value[0] !== 'string') throw new DirectoryError('reply', typeof value);
  const parts: readonly unknown[] = value;
  return {
    kind: value[0],
    text: (index) => asText(parts[index]),
    number: (index) => Number(asText(parts[index]) || '0'),
  };
}

/** For the branch that no known script takes. */
export function unknownKind(reply: Reply): DirectoryError {
  return new DirectoryError('reply', reply.kind);
}

/** A list of texts; nil becomes ''. */
export function readTexts(value: unknown): string[] {
  if (!Array.isArray(value)) throw new DirectoryError('reply', typeof value);
  return value.map(asText);
}

/** Names and values in turn, or the object that ioredis makes of HGETALL. */
export function readTextMap(value: unknown): Map<string, string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value).map(([name, held]) => [name, asText(held)]));
  }
  const texts = readTexts(value);
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < texts.length; i += 2) map.set(texts[i] ?? '', texts[i + 1] ?? '');
  return map;
}

export interface StreamEntry {
  id: string;
  fields: ReadonlyMap<string, string>;
}

/** Entries as XRANGE gives them; one whose fields are gone (deleted, but pending) has none. */
export function readStreamEntries(value: unknown): StreamEntry[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new DirectoryError('reply', typeof value);
  return value.map((entry: unknown) => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') throw new DirectoryError('reply', 'stream entry');
    return { id: entry[0], fields: readTextMap(entry[1] ?? []) };
  });
}
