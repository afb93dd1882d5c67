import { EntitySchema } from 'typeorm';

/** A caller had everything erased. The number itself is not kept: whoever has the key can ask whether this is it. */
export interface Erasure {
  /** `ER` and 32 hexadecimal digits; a caller who asks again keeps it. */
  id: string;
  /** HMAC-SHA-256 of the number, hex. */
  numberHash: string;
  /** Tells which key made the hash. */
  keyId: string;
  /** Calls that began up to then, by the clock of their facts. */
  until: Date;
  createdAt: Date;
}

export const ErasureEntity = new EntitySchema<Erasure>({
  name: 'Erasure',
  columns: {
    id: { type: 'text', primary: true },
    numberHash: { type: 'text' },
    keyId: { type: 'text' },
    until: { type: 'timestamptz' },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
  },
  uniques: [{ columns: ['numberHash'] }],
});
