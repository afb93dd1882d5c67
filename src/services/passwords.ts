import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';

/** 2^15 × 8 × 128 bytes are 32 MiB for each that is computed; about a quarter of a second of one core. */
const COST = { log2N: 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
/** Of what is computed at once: calls go on beside it. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 32;
const TEMPORARY_CHARS = 16;
/** Of what somebody types; a letter may take several. */
const SHOWN_UNITS_MAX = 1_024;
/** Without what is taken for something else when it is read out. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

export const passwordLimits = { charsMin: 10, charsMax: 200 } as const;

/** Too many wait for theirs to be computed. */
export class PasswordsBusyError extends Error {
  override readonly name = 'PasswordsBusyError';
}

let underWay = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (underWay < AT_ONCE_MAX) underWay += 1;
  else if (waiting.length >= WAITING_MAX) throw new PasswordsBusyError('too many passwords are being compared');
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else underWay -= 1;
  }
}

function derive(password: string, salt: Buffer, cost: { log2N: number; r: number; p: number }): Promise<Buffer> {
  const { log2N, r, p } = cost;
  const options: ScryptOptions = { N: 2 ** log2N, r, p, maxmem: MEMORY_BYTES_MAX };
  return inTurn(
    () =>
      new Promise((resolve, reject) => {
        // One letter may be written in several ways: what was typed on another keyboard is the same password.
        scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, hash) =>
          error ? reject(error) : resolve(hash),
        );
      }),
  );
}

/** The password as it is stored, its parameters beside it. Rejects with PasswordsBusyError. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  return ['scrypt', COST.log2N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

const STORED = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]{43})$/;
const NOBODYS = `scrypt$${COST.log2N}$${COST.r}$${COST.p}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Takes as long for nobody's (null) as for anybody's. Rejects with PasswordsBusyError. */
export async function isPassword(shown: string, stored: string | null): Promise<boolean> {
  const [, log2N, r, p, salt = '', hash = ''] = STORED.exec(stored ?? NOBODYS) ?? STORED.exec(NOBODYS) ?? [];
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  const found = await derive(shown.slice(0, SHOWN_UNITS_MAX), Buffer.from(salt, 'base64url'), cost);
  const isSame = timingSafeEqual(found, Buffer.from(hash, 'base64url'));
  return isSame && stored !== null;
}

/** Whether it was stored with other parameters than are taken today. */
export function isDated(stored: string): boolean {
  return !stored.startsWith(`scrypt$${COST.log2N}$${COST.r}$${COST.p}$`);
}

/** One to begin with, to be read out or written on paper. */
export function temporaryPassword(): string {
  // 256 is a multiple of the alphabet's 32 letters: each is as likely.
  const letters = [...randomBytes(TEMPORARY_CHARS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return letters.replace(/(.{4})(?=.)/g, '$1-');
}

const COMMON =
  /^(.)\1+$|^(?:0?123456789\d*|9876543210?|qwerty\w*|asdfghjkl\w*|(?:admin|password|passwort|welcome|letmein|iloveyou|changeme|coffee)\W?\w{0,6})$/i;

/** What is wrong with a password that somebody chose; null for nothing. */
export function passwordFault(password: string, name: string): string | null {
  const chars = password.match(/./gsu)?.length ?? 0;
  if (chars < passwordLimits.charsMin) return `Take ${passwordLimits.charsMin} characters or more.`;
  if (chars > passwordLimits.charsMax) return `Take ${passwordLimits.charsMax} characters or fewer.`;
  if (password.toLowerCase().includes(name.toLowerCase())) return 'Leave your name out of it.';
  if (COMMON.test(password))
    return 'This one is among the first that are tried. Take a few words that belong together only for you.';
  return null;
}
