import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { AccountEntity, type Account, type AccountRole } from '../../entities/account.ts';
import type { Audit, Who } from './audit.ts';
import { hashPassword, isDated, isPassword, passwordFault, temporaryPassword } from './passwords.ts';

export const accountLimits = { accountsMax: 500, nameCharsMax: 40 } as const;

/** Whoever signs in with the installation's token, before there is any account and when nobody can get in. */
export const FIRST_ADMIN = 'admin';

const NAME = /^[a-z0-9][a-z0-9._@-]*$/;

/** Why a change of accounts was refused. */
export const accountRefusals = {
  name: 'Take letters, digits, dots, dashes and @, a letter or digit first, 40 at most.',
  reserved: 'This name belongs to whoever signs in with ADMIN_TOKEN.',
  taken: 'There is an account of this name.',
  full: `There are ${accountLimits.accountsMax} accounts: remove one first.`,
  gone: 'This account is gone.',
  lastAdmin: 'This is the last admin. Make somebody else one first.',
  self: 'You cannot take your own rights away. Ask another admin.',
} as const;

export type AccountRefusal = keyof typeof accountRefusals;
export type ListedAccount = Omit<Account, 'password'>;
export type Changed<Good = object> = ({ kind: 'done' } & Good) | { kind: 'refused'; why: AccountRefusal };

export interface AccountChange {
  role?: AccountRole;
  isActive?: boolean;
}

export interface PasswordChange {
  current: string;
  password: string;
}

/** What is wrong, by field. */
export type PasswordFaults = Partial<Record<keyof PasswordChange, string>>;

export interface Accounts {
  byId(id: string): Promise<ListedAccount | null>;
  list(): Promise<ListedAccount[]>;
  isName(name: string): Promise<boolean>;
  /** The account whose password it is; takes as long when there is none. Rejects with PasswordsBusyError. */
  enter(name: string, password: string): Promise<ListedAccount | null>;
  /** Its password is shown once, and has to be changed at the first sign-in. */
  create(by: Who, name: string, role: AccountRole): Promise<Changed<{ account: ListedAccount; password: string }>>;
  /** Ends all sessions of the account. */
  change(by: Who, id: string, change: AccountChange): Promise<Changed>;
  /** Another password to begin with. Ends all sessions of the account. */
  resetPassword(by: Who, id: string): Promise<Changed<{ account: ListedAccount; password: string }>>;
  remove(by: Who, id: string): Promise<Changed>;
  /** Ends all sessions but those that begin after it. Null where nothing is wrong with either. */
  changePassword(by: Who, passwords: PasswordChange): Promise<PasswordFaults | null>;
  endSessions(by: Who): Promise<void>;
}

export const normalName = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

export function createAccounts(dataSource: DataSource, audit: Audit): Accounts {
  const rows = dataSource.getRepository(AccountEntity);

  /** Changes one account in a transaction that no other change of admins overlaps. */
  async function changeOne(
    by: Who,
    id: string,
    work: (manager: EntityManager, account: Account) => Promise<AccountRefusal | null>,
  ): Promise<Changed> {
    return dataSource
      .transaction(async (manager): Promise<Changed> => {
        const admins = await lockAdmins(manager);
        const account = await manager.findOneBy(AccountEntity, { id: uuidOf(id) });
        if (!account) return refused('gone');
        const why = await work(manager, account);
        if (why !== null) return refused(why);
        if (!admins.includes(account.id)) return { kind: 'done' };
        if (by.id === account.id && !(await isAdmin(manager, account.id))) return rollBack('self');
        if ((await lockAdmins(manager)).length === 0) return rollBack('lastAdmin');
        return { kind: 'done' };
      })
      .catch(refusalOf);
  }

  return {
    byId: async (id) => listed(await rows.findOneBy({ id: uuidOf(id) })),
    list: async () =>
      (await rows.find({ order: { name: 'ASC' }, take: accountLimits.accountsMax })).map(withoutPassword),

    isName: (name) => rows.existsBy({ name: normalName(name) }),

    async enter(name, password) {
      const account = await rows.findOneBy({ name: normalName(name) });
      if (!(await isPassword(password, account?.password ?? null)) || !account?.isActive) return null;
      const again = isDated(account.password) ? { password: await hashPassword(password) } : {};
      await rows.update({ id: account.id }, { signedInAt: () => 'now()', ...again });
      return withoutPassword(account);
    },

    async create(by, given, role) {
      const name = normalName(given);
      if (!NAME.test(name) || name.length > accountLimits.nameCharsMax) return refused('name');
      if (name === FIRST_ADMIN) return refused('reserved');
      if ((await rows.count()) >= accountLimits.accountsMax) return refused('full');
      const password = temporaryPassword();
      const account = {
        id: randomUUID(),
        name,
        role,
        password: await hashPassword(password),
        passwordIsTemporary: true,
      };
      return dataSource.transaction(async (manager) => {
        const made = await manager
          .createQueryBuilder()
          .insert()
          .into(AccountEntity)
          .values(account)
          .orIgnore()
          .returning('id')
          .execute();
        if ((made.raw as unknown[]).length === 0) return refused('taken');
        await audit.note({ who: by, action: 'account.created', subject: name, detail: { role } }, manager);
        return {
          kind: 'done',
          account: withoutPassword(await manager.findOneByOrFail(AccountEntity, { name })),
          password,
        };
      });
    },

    change: (by, id, change) =>
      changeOne(by, id, async (manager, account) => {
        await manager.update(AccountEntity, { id: account.id }, { ...change, generation: account.generation + 1 });
        const detail = Object.fromEntries(
          Object.entries(change).map(([name, value]) => [name, `${account[name as keyof AccountChange]} → ${value}`]),
        );
        await audit.note({ who: by, action: 'account.changed', subject: account.name, detail }, manager);
        return null;
      }),

    async resetPassword(by, id) {
      const password = temporaryPassword();
      const hash = await hashPassword(password);
      const done = await changeOne(by, id, async (manager, account) => {
        const renewed = { password: hash, passwordIsTemporary: true, generation: account.generation + 1 };
        await manager.update(AccountEntity, { id: account.id }, renewed);
        await audit.note({ who: by, action: 'account.passwordReset', subject: account.name }, manager);
        return null;
      });
      const account = await this.byId(id);
      if (done.kind === 'refused') return done;
      return account ? { kind: 'done', account, password } : refused('gone');
    },

    remove: (by, id) =>
      changeOne(by, id, async (manager, account) => {
        await manager.delete(AccountEntity, { id: account.id });
        await audit.note({ who: by, action: 'account.removed', subject: account.name }, manager);
        return null;
      }),

    async changePassword(by, { current, password }) {
      const account = await rows.findOneBy({ id: uuidOf(by.id) });
      if (!(await isPassword(current, account?.password ?? null))) return { current: 'This is not your password.' };
      const fault = password === current ? 'Take another one than before.' : passwordFault(password, by.name);
      if (fault !== null) return { password: fault };
      const hash = await hashPassword(password);
      const done = await changeOne(by, by.id, async (manager, { id, name, generation }) => {
        const changed = { password: hash, passwordIsTemporary: false, generation: generation + 1 };
        await manager.update(AccountEntity, { id }, changed);
        await audit.note({ who: by, action: 'account.passwordChanged', subject: name }, manager);
        return null;
      });
      return done.kind === 'refused' ? { password: accountRefusals[done.why] } : null;
    },

    async endSessions(by) {
      await changeOne(by, by.id, async (manager, account) => {
        await manager.update(AccountEntity, { id: account.id }, { generation: account.generation + 1 });
        await audit.note({ who: by, action: 'account.signedOutEverywhere', subject: account.name }, manager);
        return null;
      });
    },
  };
}

const refused = (why: AccountRefusal): { kind: 'refused'; why: AccountRefusal } => ({ kind: 'refused', why });

class Refusal extends Error {
  readonly why: AccountRefusal;
  constructor(why: AccountRefusal) {
    super(why);
    this.why = why;
  }
}

/** What was written in the transaction is undone. */
function rollBack(why: AccountRefusal): never {
  throw new Refusal(why);
}

function refusalOf(error: unknown): Changed {
  if (error instanceof Refusal) return refused(error.why);
  throw error;
}

/** Ids of the admins who can sign in, who stay so until the transaction ends. */
async function lockAdmins(manager: EntityManager): Promise<string[]> {
  const admins = await manager
    .createQueryBuilder(AccountEntity, 'account')
    .where("account.role = 'admin' AND account.isActive")
    .orderBy('account.id')
    .setLock('pessimistic_write')
    .getMany();
  return admins.map(({ id }) => id);
}

const isAdmin = (manager: EntityManager, id: string): Promise<boolean> =>
  manager.existsBy(AccountEntity, { id, role: 'admin', isActive: true });

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NOBODY = '00000000-0000-0000-0000-000000000000';
/** What is no id is nobody's. */
const uuidOf = (id: string): string => (UUID.test(id) ? id : NOBODY);

function withoutPassword(account: Account): ListedAccount {
  const listed: ListedAccount & { password?: string } = { ...account };
  delete listed.password;
  return listed;
}

const listed = (account: Account | null): ListedAccount | null => account && withoutPassword(account);
