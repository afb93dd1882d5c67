/** Half-open range of offsets in a text. */
export interface Span {
  start: number;
  end: number;
}

/** Sorted, overlapping ones joined. */
export function merge(spans: Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((left, right) => left.start - right.start)) {
    const last = merged.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}

export const CARD = '[card]';

/** The text with a mark in place of each span; spans are sorted and apart. */
export function replace(text: string, spans: readonly Span[], mark: string): string {
  let result = '';
  let from = 0;
  for (const { start, end } of spans) {
    result += text.slice(from, start) + mark;
    from = end;
  }
  return from === 0 ? text : result + text.slice(from);
}
