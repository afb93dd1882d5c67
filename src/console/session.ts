import { createHash } from 'node:crypto';
import {
  beginSession,
  countSignIn,
  endSession,
  forgiveSignIn,
  isSecret,
  readSession,
  type Session,
} from '../directory/sessions.ts';
import { directoryLimits } from '../directory/limits.ts';
import type { RedisLink } from '../directory/redis.ts';
import { FIRST_ADMIN, normalName, type Accounts, type ListedAccount } from '../services/accounts.ts';
import type { Audit, Who } from '../services/audit.ts';
import { isPassword } from '../services/passwords.ts';
import { addressOf } from './address.ts';
import { bearerOf, tokenCheck } from './bearer.ts';
import { sessionCookie, setSession } from './cookies.ts';
import { csrfOf } from './csrf.ts';
import type { ConsoleRequest } from './message.ts';

/** Somebody whom the console knows. */
export interface Caller {
  who: Who;
  /** What the browser holds; null for a program with the token, which no other site can make ask. */
  secret: string | null;
  csrf: string;
  hasAccount: boolean;
  /** Nothing else before the password is another. */
  passwordIsTemporary: boolean;
}

export type SignInResult = ({ kind: 'in'; who: Who } & Begun) | { kind: 'wrong' } | { kind: 'wait'; ms: number };

/** `cookie`: the value of `set-cookie`. */
export interface Begun {
  cookie: string;
  csrf: string;
}

export interface Sessions {
  /** Null for nobody. Rejects when a store does not answer: then nobody is let in. */
  callerOf(request: ConsoleRequest): Promise<Caller | null>;
  /** Rejects like `callerOf`, and with PasswordsBusyError. */
  signIn(name: string, password: string, request: ConsoleRequest): Promise<SignInResult>;
  /** Counts a password that somebody who is signed in types once more. For how many ms no other is taken, 0 for none. */
  countTry(who: Who, request: ConsoleRequest): Promise<number>;
  /** Ends the session everywhere; returns the value of `set-cookie`. */
  signOut(request: ConsoleRequest): Promise<string>;
  /** The account's sessions have all been ended, and this one is to go on. */
  renew(who: Who, request: ConsoleRequest): Promise<Begun>;
}

export interface SessionsDeps {
  link: RedisLink;
  accounts: Accounts;
  audit: Audit;
  /** Null: only accounts sign in, and no program does. */
  adminToken: string | null;
  /** ms since the epoch. */
  now(): number;
}

const MACHINE: Who = { id: 'machine', name: 'ADMIN_TOKEN', role: 'admin' };
const FIRST: Who = { id: FIRST_ADMIN, name: FIRST_ADMIN, role: 'admin' };
const PASSWORD_CHARS_MAX = 1_024;
const NAME_CHARS_MAX = 200;
const LIFE_S = directoryLimits.sessionLifeMs / 1_000;
const GENERATION_CHARS = 16;

/** Whether a request shows anything that may be somebody's; whose, and whether it holds, is not asked. */
export const isShown = (request: Pick<ConsoleRequest, 'header'>): boolean =>
  isSecret(sessionCookie(request)) || bearerOf(request) !== null;

const whoOf = ({ id, name, role }: ListedAccount): Who => ({ id, name, role });

export function createSessions({ link, accounts, audit, adminToken, now }: SessionsDeps): Sessions {
  const isToken = adminToken === null ? () => false : tokenCheck(adminToken);
  // Another token ends the sessions of those who signed in with this one.
  const tokenGeneration = createHash('sha256')
    .update(`console generation v1 ${adminToken}`)
    .digest('base64url')
    .slice(0, GENERATION_CHARS);

  async function begin(request: ConsoleRequest, accountId: string, generation: string): Promise<Begun> {
    // Whatever the browser came with, it gets another: nobody can have planted this one.
    const old = sessionCookie(request);
    if (old !== '') await endSession(link, old);
    const secret = await beginSession(link, { accountId, generation, startedAt: now() });
    return { cookie: setSession(request, secret, LIFE_S), csrf: csrfOf(secret) };
  }

  async function holderOf({ accountId, generation }: Session): Promise<Omit<Caller, 'secret' | 'csrf'> | null> {
    if (accountId === FIRST_ADMIN) {
      const isValid = adminToken !== null && generation === tokenGeneration;
      return isValid ? { who: FIRST, hasAccount: false, passwordIsTemporary: false } : null;
    }
    const account = await accounts.byId(accountId);
    if (!account?.isActive || String(account.generation) !== generation) return null;
    return { who: whoOf(account), hasAccount: true, passwordIsTemporary: account.passwordIsTemporary };
  }

  async function enter(name: string, password: string): Promise<{ who: Who; generation: string } | null> {
    if (name === FIRST_ADMIN) {
      await isPassword(password, null);
      return isToken(password) ? { who: FIRST, generation: tokenGeneration } : null;
    }
    const account = await accounts.enter(name, password);
    return account && { who: whoOf(account), generation: String(account.generation) };
  }

  return {
    async callerOf(request) {
      const bearer = bearerOf(request);
      if (bearer !== null) {
        if (!isToken(bearer)) return null;
        return { who: MACHINE, secret: null, csrf: '', hasAccount: false, passwordIsTemporary: false };
      }
      const secret = sessionCookie(request);
      if (secret === '') return null;
      const session = await readSession(link, secret, now());
      const holder = session && (await holderOf(session));
      return holder && { ...holder, secret, csrf: csrfOf(secret) };
    },

    async signIn(given, password, request) {
      const name = normalName(given.slice(0, NAME_CHARS_MAX));
      const attempt = { name, address: addressOf(request) };
      const waitMs = await countSignIn(link, attempt);
      if (waitMs > 0) return { kind: 'wait', ms: waitMs };
      const entered = await enter(name, password.slice(0, PASSWORD_CHARS_MAX));
      const detail = { address: attempt.address };
      if (!entered) {
        // What is nobody's name may be a password in the wrong field.
        const known = name === FIRST_ADMIN || (await accounts.isName(name)) ? name : '(unknown)';
        await audit.note({ who: { name: known }, action: 'session.refused', subject: known, detail });
        return { kind: 'wrong' };
      }
      await audit.note({ who: entered.who, action: 'session.began', subject: name, detail });
      await forgiveSignIn(link, attempt);
      return { kind: 'in', who: entered.who, ...(await begin(request, entered.who.id, entered.generation)) };
    },

    countTry: ({ name }, request) => countSignIn(link, { name, address: addressOf(request) }),

    async signOut(request) {
      const secret = sessionCookie(request);
      if (secret !== '') await endSession(link, secret);
      return setSession(request, '', 0);
    },

    async renew(who, request) {
      const account = await accounts.byId(who.id);
      return begin(request, who.id, String(account?.generation ?? 0));
    },
  };
}
