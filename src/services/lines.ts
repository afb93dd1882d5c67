import type { Line } from '../../machines/call-events.ts';
import { lineTable } from './line-table.ts';

/** A sentence of the table. */
export type LineName = keyof typeof lineTable;
/** Those that only TwiML says. */
export type TwimlLine = Exclude<LineName, Line>;

/** ISO 639-1 of a language that the table is written in. */
export type LineLanguage = keyof (typeof lineTable)[LineName];

/** What a store says of itself in its sentences. */
export interface LineStore {
  name: string;
  /** The assistant's first words in the store's own language, '' for those of the table. */
  greeting: string;
  /** Offered to callers; the first one is the store's own. */
  languages: readonly string[];
}

/** What stands in a sentence for a placeholder. */
export type LineValues = Readonly<Record<string, string | number>>;

/** A sentence as sound. */
export interface PreparedAudio {
  /** Names it under `/audio/`: SHA-256 of the WAV file, hexadecimal. */
  hash: string;
  text: string;
  /** 8 kHz mono µ-law without a header, whole frames of 160 bytes. */
  ulaw: Buffer;
  ms: number;
}

/** Sentences as sound, all in memory: answered at once. */
export interface PreparedLines {
  /** Null where none is rendered: the sentence is spoken by the model or the carrier. */
  audio(line: LineName, language: string): PreparedAudio | null;
}

export const lineLanguages: readonly LineLanguage[] = ['en', 'es', 'fr'];
export const lineNames = Object.keys(lineTable) as readonly LineName[];

const PLACEHOLDER = /\{(\w+)\}/g;

/** The language of the table that comes nearest: English for one that it is not written in. */
export function lineLanguage(language: string): LineLanguage {
  const [tongue] = language.toLowerCase().split(/[-_]/);
  return lineLanguages.find((each) => each === tongue) ?? 'en';
}

/** A sentence with the store's name and the values in it; a placeholder without a value is left out. */
export function lineText(line: LineName, store: LineStore, language: string, values: LineValues = {}): string {
  const known = lineLanguage(language);
  const own = line === 'greeting' && lineLanguage(ownLanguage(store)) === known ? store.greeting.trim() : '';
  const template = own === '' ? lineTable[line][known] : own;
  const filled: LineValues = { ...values, name: store.name };
  return template.replaceAll(PLACEHOLDER, (_, placeholder: string) => String(filled[placeholder] ?? ''));
}

/** True for a sentence that is the same in every call, so that it can be prepared. */
export function isFixed(line: LineName): boolean {
  return [...lineTable[line].en.matchAll(PLACEHOLDER)].every(([, placeholder]) => placeholder === 'name');
}

/** The law has it said, or the call ends with it: played to its end, whatever the caller says. */
const shielded: ReadonlySet<LineName> = new Set<LineName>(['recorded', 'connecting', 'timeIsUp']);

export function isShielded(line: LineName): boolean {
  return shielded.has(line);
}

/** What is spoken with callers of whom nothing is known, and with staff. */
export function ownLanguage({ languages }: Pick<LineStore, 'languages'>): string {
  return languages[0] ?? 'en';
}
