import { EntitySchema } from 'typeorm';

/** A sound that is ready before it is needed: a sentence of Aida's, or hold music. */
export interface PreparedLine {
  /** SHA-256 of the WAV file that the carrier fetches, hexadecimal: its name under `/audio/`. */
  hash: string;
  /** Which sentence it is. */
  key: string;
  /** ISO 639-1, '' for music. */
  language: string;
  text: string;
  /** SHA-256 of `text`, hexadecimal. */
  textHash: string;
  /** Who speaks, '' for music. */
  voice: string;
  /** How it was made: another one is made anew. */
  version: number;
  /** 8 kHz mono µ-law without a header. Not selected by default. */
  ulaw: Buffer;
  ms: number;
  createdAt: Date;
  /** When a process last had a use for it; what nobody wants is deleted after a while. */
  wantedAt: Date;
}

export const PreparedLineEntity = new EntitySchema<PreparedLine>({
  name: 'PreparedLine',
  columns: {
    hash: { type: 'text', primary: true },
    key: { type: 'text' },
    language: { type: 'text' },
    text: { type: 'text' },
    textHash: { type: 'text' },
    voice: { type: 'text' },
    version: { type: 'integer' },
    ulaw: { type: 'bytea', select: false },
    ms: { type: 'integer' },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
    wantedAt: { type: 'timestamptz', default: () => 'now()' },
  },
  uniques: [{ columns: ['key', 'language', 'textHash', 'voice', 'version'] }],
  indices: [{ columns: ['wantedAt'] }],
});
