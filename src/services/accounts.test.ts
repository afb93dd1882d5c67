import type * as NodeCrypto from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { AccountEntity } from '../../entities/account.ts';
import { AuditEntryEntity } from '../../entities/audit-entry.ts';
import { onBothDatabases } from '../sim/parts/both-databases.ts';
import { accountLimits, createAccounts, type Accounts } from './accounts.ts';
import { createAudit, type Audit, type Who } from './audit.ts';

/** What a password costs is measured elsewhere. */
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof NodeCrypto>();
  const scrypt = (...[password, salt, bytes, , done]: Parameters<typeof crypto.scrypt>): void =>
    crypto.scrypt(password, salt, bytes, { N: 16, r: 1, p: 1 }, done);
  return { ...crypto, scrypt };
});

const FIRST: Who = { id: 'admin', name: 'admin', role: 'admin' };

await onBothDatabases((database) => {
  let accounts: Accounts;
  let audit: Audit;

  beforeEach(async () => {
    await database.source.getRepository(AccountEntity).clear();
    await database.source.getRepository(AuditEntryEntity).clear();
    audit = createAudit(database.source);
    accounts = createAccounts(database.source, audit);
  });

  /** An account without the price of a password. */
  async function made(name: string, role: Who['role']): Promise<Who> {
    const id = randomUUID();
    await database.source.getRepository(AccountEntity).insert({ id, name, role, password: 'none' });
    return { id, name, role };
  }

  const actions = async () =>
    (await audit.entries({})).map(({ action, subject, whoName }) => `${whoName} ${action} ${subject}`);

  test('an account begins with a password that is shown once, and goes on with one of its own', async () => {
    const created = await accounts.create(FIRST, ' Mara ', 'supervisor');
    if (created.kind !== 'done') throw new Error(created.why);
    const { account, password } = created;
    expect(account).toMatchObject({ name: 'mara', role: 'supervisor', passwordIsTemporary: true, generation: 1 });
    expect(password).toMatch(/^([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}$/);
    expect(await accounts.enter('mara', `${password}x`)).toBeNull();
    expect(await accounts.enter(' MARA', password)).toMatchObject({ id: account.id });
    const own: Who = { id: account.id, name: 'mara', role: 'supervisor' };
    const change = (current: string, next: string) => accounts.changePassword(own, { current, password: next });
    expect(await change('wrong', 'seven green llamas')).toEqual({ current: 'This is not your password.' });
    expect(await change(password, password)).toEqual({ password: 'Take another one than before.' });
    expect(await change(password, 'short')).toEqual({ password: 'Take 10 characters or more.' });
    expect(await change(password, 'seven green llamas')).toBeNull();
    expect(await accounts.enter('mara', password)).toBeNull();
    expect(await accounts.enter('mara', 'seven green llamas')).toMatchObject({
      passwordIsTemporary: false,
      generation: 2,
    });
    expect(await actions()).toEqual(['mara account.passwordChanged mara', 'admin account.created mara']);
  });

  test('a stored password tells nothing but its parameters, and two of the same differ', async () => {
    const [left, right] = [await accounts.create(FIRST, 'l', 'viewer'), await accounts.create(FIRST, 'r', 'viewer')];
    const stored = (await database.source.getRepository(AccountEntity).find()).map(({ password }) => password);
    for (const each of stored) expect(each).toMatch(/^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    expect(new Set(stored).size).toBe(2);
    for (const each of [left, right])
      expect(JSON.stringify(stored)).not.toContain(each.kind === 'done' ? each.password : 'x');
    expect(JSON.stringify(await accounts.list())).not.toContain('scrypt');
  });

  test.each([
    ['', 'name'],
    ['<b>x</b>', 'name'],
    ['a b', 'name'],
    ['-a', 'name'],
    ['x'.repeat(accountLimits.nameCharsMax + 1), 'name'],
    ['ADMIN', 'reserved'],
    ['Vera', 'taken'],
  ])('no account %j: %s', async (name, why) => {
    await made('vera', 'viewer');
    expect(await accounts.create(FIRST, name, 'viewer')).toEqual({ kind: 'refused', why });
    expect(await actions()).toEqual([]);
  });

  test('the last admin stays one, whoever tries', async () => {
    const [ada, vera] = [await made('ada', 'admin'), await made('vera', 'viewer')];
    for (const act of [
      () => accounts.change(FIRST, ada.id, { role: 'viewer' }),
      () => accounts.change(FIRST, ada.id, { isActive: false }),
      () => accounts.remove(FIRST, ada.id),
    ])
      expect(await act()).toEqual({ kind: 'refused', why: 'lastAdmin' });
    expect(await accounts.byId(ada.id)).toMatchObject({ role: 'admin', isActive: true, generation: 1 });
    expect(await actions()).toEqual([]);
    expect(await accounts.change(FIRST, vera.id, { role: 'admin' })).toEqual({ kind: 'done' });
    expect(await accounts.change(ada, ada.id, { role: 'viewer' })).toEqual({ kind: 'refused', why: 'self' });
    expect(await accounts.remove(ada, ada.id)).toEqual({ kind: 'refused', why: 'self' });
    expect(await accounts.change(vera, ada.id, { role: 'viewer' })).toEqual({ kind: 'done' });
    expect(await accounts.byId(ada.id)).toMatchObject({ role: 'viewer', generation: 2 });
  });

  test('two admins who take away one another’s rights at once: one of them stays', async () => {
    for (let round = 0; round < 4; round++) {
      await database.source.getRepository(AccountEntity).clear();
      const [ada, bob] = [await made('ada', 'admin'), await made('bob', 'admin')];
      const done = await Promise.all([
        accounts.change(ada, bob.id, { role: 'viewer' }),
        accounts.change(bob, ada.id, { role: 'viewer' }),
      ]);
      expect(done.map(({ kind }) => kind).toSorted()).toEqual(['done', 'refused']);
      expect((await accounts.list()).filter(({ role }) => role === 'admin')).toHaveLength(1);
    }
  });

  test('an account that is gone, and an id that is none', async () => {
    for (const id of [randomUUID(), 'x', ''])
      expect(await accounts.change(FIRST, id, { role: 'viewer' })).toEqual({ kind: 'refused', why: 'gone' });
    expect(await accounts.byId('x')).toBeNull();
    expect(await accounts.changePassword({ ...FIRST, id: randomUUID() }, { current: 'x', password: 'y' })).toEqual({
      current: 'This is not your password.',
    });
  });

  test('a closed account lets nobody in', async () => {
    const created = await accounts.create(FIRST, 'mara', 'viewer');
    if (created.kind !== 'done') throw new Error(created.why);
    await accounts.change(FIRST, created.account.id, { isActive: false });
    expect(await accounts.enter('mara', created.password)).toBeNull();
  });

  test('the audit is found by who, what, to what and when, newest first, page by page', async () => {
    for (let i = 0; i < 60; i++)
      await audit.note({
        who: i % 2 ? FIRST : { name: 'nobody%' },
        action: i % 3 ? 'menu.changed' : 'menu_x',
        subject: `item-${i}`,
        detail: { i },
      });
    const first = await audit.entries({});
    expect([first.length, first[0]?.subject, first[0]?.detail]).toEqual([50, 'item-59', { i: 59 }]);
    const rest = await audit.entries({ before: first.at(-1)?.id ?? 0 });
    expect(rest.map(({ subject }) => subject)).toEqual([
      'item-9',
      'item-8',
      'item-7',
      'item-6',
      'item-5',
      'item-4',
      'item-3',
      'item-2',
      'item-1',
      'item-0',
    ]);
    expect((await audit.entries({ action: 'menu' })).every(({ action }) => action === 'menu.changed')).toBe(true);
    expect(await audit.entries({ action: 'menu%' })).toEqual([]);
    expect(await audit.entries({ subject: 'item-7', who: 'admin' })).toHaveLength(1);
    expect(await audit.entries({ from: new Date(Date.now() + 60_000) })).toEqual([]);
    expect(await audit.entries({ until: new Date(Date.now() + 60_000), who: 'nobody%' })).toHaveLength(30);
  });
});
