import { createHash } from 'node:crypto';

/** What a kind of thing says of itself, by field; plain JSON. */
export type Content = Record<string, unknown>;

/** JSON with sorted keys: the same for the same content, however it was stored. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** Names a content. */
export function hashOf(content: Content): string {
  return createHash('sha256').update(canonical(content)).digest('hex');
}

/** Fields that are not the same in both. */
export function changedFields(before: Content, after: Content): string[] {
  return Object.keys(after).filter((field) => canonical(before[field]) !== canonical(after[field]));
}

export interface Merged {
  /** Theirs with what was changed here; where both changed a field, what was written here. */
  content: Content;
  /** Fields that both changed, and not to the same. */
  clashes: string[];
  /** Fields that are as others have changed them meanwhile. */
  taken: string[];
}

/**
 * Joins what two people made of the same thing. Without the `base` that both began with, each field in which they
 * differ is one that both changed.
 */
export function merge(base: Content | null, theirs: Content, mine: Content): Merged {
  const merged: Merged = { content: { ...mine }, clashes: [], taken: [] };
  for (const field of changedFields(theirs, mine)) {
    const before = base === null ? undefined : canonical(base[field]);
    if (before !== undefined && before === canonical(mine[field])) {
      merged.content[field] = theirs[field];
      merged.taken.push(field);
    } else if (before === undefined || before !== canonical(theirs[field])) {
      merged.clashes.push(field);
    }
  }
  return merged;
}
