import { createHash, randomBytes } from 'node:crypto';
import { DirectoryError } from './errors.ts';
import { sessionKey, signInKey } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readReply, unknownKind } from './reply.ts';
import { countSignInScript } from './scripts/sign-in.ts';

/** What is kept of a session; what the account may do is not: that is asked anew each time. */
export interface Session {
  accountId: string;
  /** Of the account when it signed in. */
  generation: string;
  /** ms since the epoch. */
  startedAt: number;
}

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;
/** Whether it looks like one of ours. */
export const isSecret = (text: string): boolean => SECRET.test(text);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Begins a session; returns what the browser has to show. Redis itself holds its digest only. */
export async function beginSession(link: RedisLink, session: Session): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const { sessionIdleMs } = directoryLimits;
  await link.command('set', sessionKey(sha256(secret)), JSON.stringify(session), 'PX', sessionIdleMs);
  return secret;
}

/** The session of a secret, kept for another while; null for none, or one that has lasted for too long. */
export async function readSession(link: RedisLink, secret: string, now: number): Promise<Session | null> {
  if (!isSecret(secret)) return null;
  const key = sessionKey(sha256(secret));
  const found = await link.command('getex', key, 'PX', directoryLimits.sessionIdleMs);
  if (found === null) return null;
  if (typeof found !== 'string') throw new DirectoryError('reply', typeof found);
  const session = JSON.parse(found) as Session;
  if (now - session.startedAt < directoryLimits.sessionLifeMs) return session;
  await link.command('del', key);
  return null;
}

export async function endSession(link: RedisLink, secret: string): Promise<void> {
  await link.command('del', sessionKey(sha256(secret)));
}

export interface SignInAttempt {
  name: string;
  /** Where it comes from. */
  address: string;
}

const keysOf = ({ name, address }: SignInAttempt): string[] => {
  const [who, where] = [sha256(name), sha256(address)];
  return [signInKey(`pair:${who}:${where}`), signInKey(`address:${where}`), signInKey(`name:${who}`)];
};

/** Counts an attempt to sign in. Returns for how many ms no other is taken: 0 for one that may be made. */
export async function countSignIn(link: RedisLink, attempt: SignInAttempt): Promise<number> {
  const reply = readReply(await link.run(countSignInScript, keysOf(attempt), []));
  if (reply.kind === 'may') return 0;
  if (reply.kind === 'wait') return reply.number(1);
  throw unknownKind(reply);
}

/** A name that was right from there: what was mistyped before is forgotten. */
export async function forgiveSignIn(link: RedisLink, attempt: SignInAttempt): Promise<void> {
  const [pair = ''] = keysOf(attempt);
  await link.command('del', pair);
}
