import { findSensitive, type SensitiveKind, type SensitiveSpan } from '../../../redact/sensitive.ts';
import { createTurnFinder } from '../../../redact/turns.ts';
import type { Hits } from './call-figures.ts';
import type { LabelledText } from './set.ts';

export interface TextFigures {
  texts: number;
  kinds: Map<SensitiveKind, Hits>;
  /** Characters of labelled spans, and how many of them were left standing, by kind. */
  left: Map<SensitiveKind, { chars: number; of: number }>;
  /** Labelled kind → kind found in its place; '' for none. */
  confusion: Map<string, Map<string, number>>;
}

const all = { phone: true, mail: true, address: true };
export const sensitiveKinds: readonly SensitiveKind[] = ['card', 'phone', 'mail', 'address'];

/**
 * Judges redaction with every setting on. A labelled span is found if spans of its kind cover all of it; a found one
 * is right if it touches a labelled one of its kind.
 */
export function judgeTexts(texts: readonly LabelledText[]): TextFigures {
  const figures: TextFigures = { texts: texts.length, kinds: new Map(), left: new Map(), confusion: new Map() };
  for (const { turns } of texts) {
    const found = foundIn(turns);
    turns.forEach((turn, index) => {
      const labelled = turn.spans.map(([start, end, kind]) => ({ start, end, kind }));
      judgeTurn(figures, turn.text, labelled, found[index] ?? []);
    });
  }
  return figures;
}

function foundIn(turns: LabelledText['turns']): SensitiveSpan[][] {
  const [only, ...others] = turns;
  if (only && others.length === 0) return [findSensitive(only.text, all)];
  const find = createTurnFinder(all);
  return find(turns);
}

function judgeTurn(
  { kinds, left, confusion }: TextFigures,
  text: string,
  labelled: readonly SensitiveSpan[],
  found: readonly SensitiveSpan[],
): void {
  const of = (kind: SensitiveKind): Hits => {
    const hits = kinds.get(kind) ?? { right: 0, wrong: 0, missed: 0 };
    kinds.set(kind, hits);
    return hits;
  };
  for (const each of labelled) {
    const open = openChars(text, each, found);
    const chars = left.get(each.kind) ?? { chars: 0, of: 0 };
    left.set(each.kind, { chars: chars.chars + open, of: chars.of + each.end - each.start });
    if (open === 0) of(each.kind).right += 1;
    else {
      of(each.kind).missed += 1;
      const instead = found.find((span) => overlaps(span, each))?.kind ?? '';
      const row = confusion.get(each.kind) ?? new Map<string, number>();
      confusion.set(each.kind, row.set(instead, (row.get(instead) ?? 0) + 1));
    }
  }
  for (const span of found) {
    if (labelled.some((each) => each.kind === span.kind && overlaps(span, each))) continue;
    of(span.kind).wrong += 1;
    const instead = labelled.find((each) => overlaps(span, each))?.kind;
    if (instead !== undefined) continue;
    const row = confusion.get('') ?? new Map<string, number>();
    confusion.set('', row.set(span.kind, (row.get(span.kind) ?? 0) + 1));
  }
}

/** Letters and digits of a labelled span that no found span of its kind covers. */
function openChars(text: string, { start, end, kind }: SensitiveSpan, found: readonly SensitiveSpan[]): number {
  const own = found.filter((span) => span.kind === kind);
  let open = 0;
  for (let at = start; at < end; at += 1) {
    if (!/[\p{L}\p{N}]/u.test(text[at] ?? '')) continue;
    if (!own.some((span) => span.start <= at && at < span.end)) open += 1;
  }
  return open;
}

function overlaps(left: SensitiveSpan, right: SensitiveSpan): boolean {
  return left.start < right.end && right.start < left.end;
}
