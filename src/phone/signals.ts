import { z } from 'zod';

/**
 * What is said on the line between the page and the carrier that the server plays, beside the messages of the media
 * stream, which have an `event` in place of `line`. `payload` is µ-law in base64.
 */
export type LineSignal =
  | { line: 'ringing'; callSid: string; to: string }
  | { line: 'answered' }
  /** A stream is open: the page says `connected` and `start`, then sends frames. */
  | { line: 'stream'; accountSid: string; callSid: string; streamSid: string; parameters: Record<string, string> }
  | { line: 'streamEnded' }
  /** To be played; the page answers `played` when it was heard. */
  | { line: 'sound'; id: number; payload: string }
  /** What still plays of it is not to be heard any more. */
  | { line: 'hush' }
  /** Words that a telephone would have spoken. */
  | { line: 'words'; text: string }
  /** What happens, or what a browser cannot do. */
  | { line: 'note'; text: string }
  /** Keys are listened to. */
  | { line: 'keys'; wanted: boolean }
  /** What was typed, spoken: it goes out as the caller's voice. */
  | { line: 'speech'; payload: string }
  | { line: 'speechFailed'; text: string }
  | TranscriptSignal
  | { line: 'ended'; why: string };

export type TranscriptSignal =
  | { line: 'said'; who: 'caller' | 'assistant'; itemId: string; text: string }
  /** How much of it was heard. */
  | { line: 'heard'; itemId: string; text: string; cut: boolean }
  | { line: 'tool'; name: string };

export const typedCharsMax = 500;

const fromPage = z.discriminatedUnion('line', [
  z.strictObject({ line: z.literal('hangUp') }),
  z.strictObject({ line: z.literal('key'), digit: z.string().regex(/^[0-9*#]$/) }),
  z.strictObject({ line: z.literal('say'), text: z.string().trim().min(1).max(typedCharsMax) }),
  z.strictObject({ line: z.literal('played'), id: z.int().nonnegative() }),
]);

export type PageSignal = z.output<typeof fromPage>;

/** Null for anything else. */
export function readPageSignal(text: string): PageSignal | null {
  try {
    const read = fromPage.safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
