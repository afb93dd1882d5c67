import { createHash, createHmac } from 'node:crypto';

/** Knows a number again that nobody kept. */
export interface NumberKey {
  /** Tells one key from another and gives nothing of it away. */
  id: string;
  /** HMAC-SHA-256 of an E.164 number, hex: there are few enough numbers to try them all against a hash without a key. */
  hash(number: string): string;
}

const ID_CHARS = 16;

export function createNumberKey(secret: string): NumberKey {
  return {
    id: createHash('sha256').update(`aida-number-key:${secret}`).digest('hex').slice(0, ID_CHARS),
    hash: (number) => createHmac('sha256', secret).update(number).digest('hex'),
  };
}
