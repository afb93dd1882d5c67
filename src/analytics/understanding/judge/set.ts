import { z } from 'zod';
import { intentNames } from '../intents.ts';

/** A labelled set has at most so many lines, of at most so many characters. */
export const setLimits = { linesMax: 100_000, lineCharsMax: 200_000, faultsMax: 20 } as const;

const who = z.enum(['caller', 'assistant']);
const turn = z.object({ who, text: z.string() });
const intent = z.enum(intentNames);
const count = z.int().min(0);

const callLine = z.object({
  id: z.string().optional(),
  turns: z.array(turn).min(1),
  intents: z.array(intent),
  shown: z.partialRecord(intent, count).optional(),
  resolution: z.enum(['resolved', 'unresolved', 'transferred', 'message', 'callback', 'abandoned', 'none']).optional(),
  unanswered: z.array(count).optional(),
  products: z.array(z.string()).optional(),
  promotion: z.string().nullable().optional(),
  codes: z.array(z.string()).optional(),
  transferReason: z.string().nullable().optional(),
  language: z.string().optional(),
});

const kind = z.enum(['card', 'phone', 'mail', 'address']);
const spans = z.array(z.tuple([count, count, kind]));
const textLine = z.object({ id: z.string().optional(), text: z.string(), spans });
const turnsLine = z.object({ id: z.string().optional(), turns: z.array(turn.extend({ spans })).min(1) });

/** A call with what a person says of it; what a line leaves out is not judged. */
export type LabelledCall = z.infer<typeof callLine>;
export type LabelledKind = z.infer<typeof kind>;

/** A text, or what was said in several turns, with what is to be redacted. */
export interface LabelledText {
  id: string;
  turns: { who: 'caller' | 'assistant'; text: string; spans: [from: number, to: number, kind: LabelledKind][] }[];
}

export type LabelledSet = { kind: 'calls'; calls: LabelledCall[] } | { kind: 'texts'; texts: LabelledText[] };

/** Every sentence says which line cannot be used, and why. */
export class SetFault extends Error {
  override readonly name = 'SetFault';
}

/**
 * Reads a set of JSON lines; the first line says which of the two it is. Empty lines are skipped.
 * @throws SetFault
 */
export function parseSet(text: string): LabelledSet {
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: index + 1 }]));
  if (lines.length === 0) throw new SetFault('the set has no lines');
  if (lines.length > setLimits.linesMax) throw new SetFault(`more than ${setLimits.linesMax} lines`);
  const faults: string[] = [];
  const values = lines.map(({ line, number }) => ({ number, value: jsonOf(line, number, faults) }));
  const isText = values.some(({ value }) => hasSpans(value));
  const calls: LabelledCall[] = [];
  const texts: LabelledText[] = [];
  for (const { number, value } of values) {
    if (value === undefined) continue;
    if (isText) texts.push(...textOf(value, number, faults));
    else calls.push(...callOf(value, number, faults));
  }
  if (faults.length > 0) throw new SetFault(shorten(faults).join('\n'));
  return isText ? { kind: 'texts', texts } : { kind: 'calls', calls };
}

function shorten(faults: readonly string[]): string[] {
  const { faultsMax } = setLimits;
  const more = faults.length - faultsMax;
  return more > 0 ? [...faults.slice(0, faultsMax), `and ${more} more`] : [...faults];
}

function jsonOf(line: string, number: number, faults: string[]): unknown {
  if (line.length > setLimits.lineCharsMax) {
    faults.push(`line ${number}: longer than ${setLimits.lineCharsMax} characters`);
    return undefined;
  }
  try {
    return JSON.parse(line);
  } catch (error) {
    faults.push(`line ${number}: not JSON (${error instanceof Error ? error.message : 'unreadable'})`);
    return undefined;
  }
}

function hasSpans(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if ('spans' in value) return true;
  return 'turns' in value && Array.isArray(value.turns) && value.turns.some(hasSpans);
}

function callOf(value: unknown, number: number, faults: string[]): LabelledCall[] {
  const parsed = callLine.safeParse(value);
  if (!parsed.success) return fault(faults, number, parsed.error);
  const turns = parsed.data.turns.length;
  for (const index of [...Object.values(parsed.data.shown ?? {}), ...(parsed.data.unanswered ?? [])])
    if (index >= turns) faults.push(`line ${number}: turn ${index} of ${turns} turns, counted from 0`);
  return [parsed.data];
}

function textOf(value: unknown, number: number, faults: string[]): LabelledText[] {
  const isTurns = typeof value === 'object' && value !== null && 'turns' in value;
  const parsed = isTurns ? turnsLine.safeParse(value) : textLine.safeParse(value);
  if (!parsed.success) return fault(faults, number, parsed.error);
  const { data } = parsed;
  const turns = 'turns' in data ? data.turns : [{ who: 'caller' as const, text: data.text, spans: data.spans }];
  for (const { text, spans: own } of turns)
    for (const [from, to] of own)
      if (from >= to || to > text.length)
        faults.push(`line ${number}: span ${from} to ${to} of ${text.length} characters`);
  return [{ id: data.id ?? `line ${number}`, turns }];
}

function fault(faults: string[], number: number, { issues }: z.ZodError): [] {
  for (const { path, message } of issues) faults.push(`line ${number}: ${path.join('.') || 'the line'}: ${message}`);
  return [];
}
