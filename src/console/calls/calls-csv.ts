import type { FoundCall } from '../../services/call-search.ts';
import type { ConsoleStream } from '../message.ts';

const columns: readonly { name: string; of(call: FoundCall): string }[] = [
  { name: 'call', of: (call) => call.callSid },
  { name: 'started', of: (call) => call.startedAt.toISOString() },
  { name: 'answered', of: (call) => call.answeredAt?.toISOString() ?? '' },
  { name: 'ended', of: (call) => call.endedAt?.toISOString() ?? '' },
  { name: 'from', of: (call) => call.fromNumber },
  { name: 'to', of: (call) => call.toNumber },
  { name: 'status', of: (call) => call.status },
  { name: 'outcome', of: (call) => call.outcome ?? '' },
  { name: 'seconds', of: (call) => String(call.duration ?? '') },
  { name: 'intents', of: (call) => call.intents.join(' ') },
  { name: 'promotion', of: (call) => call.promotionSlug ?? '' },
];

export const csvHead = `${columns.map(({ name }) => name).join(',')}\r\n`;

const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^\+?\d+$/;

/** A spreadsheet must not take what callers are called for a formula. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvRow = (call: FoundCall): string => `${columns.map(({ of }) => csvCell(of(call))).join(',')}\r\n`;

/** Writes piece after piece, each once the one before was taken. A throw ends it in the middle, which a reader sees. */
export async function pour(out: ConsoleStream, pieces: AsyncIterable<string>): Promise<void> {
  let wake = (): void => {};
  out.onDrain(() => wake());
  out.onEnd(() => wake());
  for await (const piece of pieces) {
    if (out.over) return;
    if (out.write(piece)) continue;
    if (!out.over) await new Promise<void>((resolve) => (wake = resolve));
  }
  out.end();
}
