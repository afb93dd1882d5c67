import { beforeAll, expect, test } from 'vitest';
import { AuditEntryEntity } from '../../../entities/audit-entry.ts';
import { CatalogueRevisionEntity } from '../../../entities/catalogue-revision.ts';
import { KnowledgeDocumentEntity } from '../../../entities/knowledge-document.ts';
import { MenuItemEntity } from '../../../entities/menu-item.ts';
import { seed } from '../../../entities/seed/index.ts';
import { StaffMemberEntity } from '../../../entities/staff-member.ts';
import { StoreSettingsEntity } from '../../../entities/store-settings.ts';
import { onBothDatabases } from '../../sim/parts/both-databases.ts';
import { createAudit } from '../audit.ts';
import { createEditor, type Editor, type Saved, versionsMax } from './editor.ts';
import { formOf } from './form.ts';
import { dateKind, weekKind } from './hours-kinds.ts';
import type { Kind } from './kind.ts';
import { type DocumentContent, documentKind } from './knowledge-kind.ts';
import { categoryKind, itemKind } from './menu-kinds.ts';
import { planKind } from './plan-kind.ts';
import { staffKind } from './staff-kind.ts';
import { assistantKind, policiesKind, regionsKind, storeKind } from './store-kinds.ts';

const ana = { id: 'a', name: 'Ana', role: 'admin' as const };
const ben = { id: 'b', name: 'Ben', role: 'supervisor' as const };
const NOON = Date.parse('2026-11-18T17:00:00Z');

await onBothDatabases((database) => {
  let editor: Editor;
  let announced = 0;

  beforeAll(async () => {
    await seed(database.source, NOON);
    await database.source
      .getRepository(StaffMemberEntity)
      .insert({ name: 'Sam', number: '+12075550143', hours: [null, null, null, null, null, null, null] });
    editor = createEditor({
      dataSource: database.source,
      audit: createAudit(database.source),
      announce: () => {
        announced += 1;
        return Promise.resolve();
      },
    });
  });

  const keyOf = async (slug: string) =>
    String((await database.source.getRepository(KnowledgeDocumentEntity).findOneByOrFail({ slug })).id);
  const itemOf = async (slug: string) =>
    String((await database.source.getRepository(MenuItemEntity).findOneByOrFail({ slug })).id);

  const documentOf = (body: string): DocumentContent => ({
    ...{ category: 'General', title: 'Versions', question: '', slug: 'versions', sortOrder: 0, isDraft: false },
    body,
  });

  async function opened(kind: Kind, key: string) {
    const loaded = await editor.load(kind, key);
    if (!loaded) throw new Error(`no ${kind.name} ${key}`);
    return { ...loaded, form: formOf(loaded.content) };
  }

  const saved = (result: Saved) => {
    if (result.result !== 'saved') throw new Error(JSON.stringify(result));
    return result;
  };

  test('whatever is stored can be loaded into its form and saved as it is: nothing is changed, told or noted', async () => {
    const before = [announced, await database.source.getRepository(AuditEntryEntity).count()];
    const things: [Kind, string][] = [
      [documentKind, await keyOf('parking')],
      [itemKind, await itemOf('oat-milk-latte')],
      [categoryKind, '1'],
      [planKind, '1'],
      [weekKind, ''],
      [dateKind, '2026-11-26'],
      [staffKind, '1'],
      [storeKind, ''],
      [assistantKind, ''],
      [policiesKind, ''],
      [regionsKind, ''],
    ];
    for (const [kind, key] of things) {
      const { base, form } = await opened(kind, key);
      expect([kind.name, await editor.save(kind, { key, base, form, who: ana })]).toMatchObject([
        kind.name,
        { result: 'saved', changed: [] },
      ]);
    }
    expect(await database.source.getRepository(AuditEntryEntity).count()).toBe(before[1]);
    expect(await database.source.getRepository(CatalogueRevisionEntity).count()).toBe(0);
  });

  test('a change is stored, told to the nodes, audited and kept as a version beside what was before', async () => {
    const key = await keyOf('parking');
    const { base, form } = await opened(documentKind, key);
    form.set('body', 'Behind the store.\r\nFree for two hours.  ');
    const told = announced;
    expect(saved(await editor.save(documentKind, { key, base, form, who: ana })).changed).toEqual(['Answer']);
    expect(announced).toBe(told + 1);
    expect(
      await database.source.getRepository(KnowledgeDocumentEntity).findOneByOrFail({ slug: 'parking' }),
    ).toMatchObject({
      body: 'Behind the store.\nFree for two hours.',
    });
    const versions = await editor.versions(documentKind, key);
    expect(versions.map(({ version, by, changed, isCurrent }) => [version, by, changed, isCurrent])).toEqual([
      [2, 'Ana', ['Answer'], true],
      [1, '', [], false],
    ]);
    const [entry] = await createAudit(database.source).entries({ action: 'knowledge' });
    expect(entry).toMatchObject({
      whoName: 'Ana',
      action: 'knowledge.changed',
      subject: 'Parking',
      detail: { fields: ['body'] },
    });
    await editor.restore(documentKind, key, 1, ben);
    expect((await opened(documentKind, key)).content).toEqual(versions[1]?.content);
    expect(await editor.restore(documentKind, key, 99, ben)).toEqual({ problem: 'There is no such version.' });
  });

  test('two who change different fields both have their way; the same field is a clash that stores nothing', async () => {
    const key = await keyOf('parking');
    const [first, second, third] = [
      await opened(documentKind, key),
      await opened(documentKind, key),
      await opened(documentKind, key),
    ];
    first.form.set('title', 'Where to park');
    saved(await editor.save(documentKind, { key, base: first.base, form: first.form, who: ana }));
    second.form.set('body', 'In the yard.');
    expect(
      saved(await editor.save(documentKind, { key, base: second.base, form: second.form, who: ben })),
    ).toMatchObject({
      changed: ['Answer'],
      taken: ['Title'],
    });
    third.form.set('title', 'Cars');
    third.form.set('question', 'May I park?');
    const clash = await editor.save(documentKind, { key, base: third.base, form: third.form, who: ana });
    if (clash.result !== 'clash') throw new Error(clash.result);
    expect(clash.fields).toEqual([{ field: 'title', label: 'Title', theirs: 'Where to park', mine: 'Cars' }]);
    expect(clash.by).toBe('Ben');
    expect([clash.form.get('title'), clash.form.get('question'), clash.form.get('body')]).toEqual([
      'Cars',
      'May I park?',
      'In the yard.',
    ]);
    expect((await opened(documentKind, key)).content).toMatchObject({ title: 'Where to park', body: 'In the yard.' });
    saved(await editor.save(documentKind, { key, base: clash.base, form: clash.form, who: ana }));
    expect((await opened(documentKind, key)).content).toMatchObject({
      title: 'Cars',
      question: 'May I park?',
      body: 'In the yard.',
    });
  });

  test('what was written past the console is seen as a change, and is kept', async () => {
    const key = await keyOf('parking');
    const { base, form } = await opened(documentKind, key);
    await database.source.getRepository(KnowledgeDocumentEntity).update({ id: Number(key) }, { body: 'By SQL.' });
    form.set('body', 'By form.');
    const clash = await editor.save(documentKind, { key, base, form, who: ana });
    if (clash.result !== 'clash') throw new Error(clash.result);
    expect(clash.fields).toEqual([{ field: 'body', label: 'Answer', theirs: 'By SQL.', mine: 'By form.' }]);
    saved(await editor.save(documentKind, { key, base: clash.base, form: clash.form, who: ana }));
    expect(
      (await editor.versions(documentKind, key)).slice(0, 2).map(({ by, content }) => [by, content?.['body']]),
    ).toEqual([
      ['Ana', 'By form.'],
      ['', 'By SQL.'],
    ]);
  });

  test('of many who save at once each sees the others: one field each, nothing lost', async () => {
    const fields = { name: 'Mangy Dog', address: '1 Quay', email: 'a@b.example', phone: '+12075550199' };
    const { base } = await opened(storeKind, '');
    const results = await Promise.all(
      Object.entries(fields).map(async ([field, value]) => {
        const { form } = await opened(storeKind, '');
        form.set(field, value);
        return editor.save(storeKind, { key: '', base, form, who: ana });
      }),
    );
    expect(results.map(({ result }) => result)).toEqual(['saved', 'saved', 'saved', 'saved']);
    expect(await database.source.getRepository(StoreSettingsEntity).findOneByOrFail({ id: 1 })).toMatchObject(fields);
  });

  test('deleted while being edited: nothing is stored, the text stays in the form; it can be brought back', async () => {
    const made = saved(
      await editor.save(documentKind, {
        key: null,
        base: '',
        form: new URLSearchParams({ category: 'Visiting', title: 'Bicycles', body: 'Racks in front.' }),
        who: ana,
      }),
    );
    const { base, form } = await opened(documentKind, made.key);
    expect(await editor.remove(documentKind, made.key, ben)).toEqual({ title: 'Bicycles' });
    form.set('body', 'Racks behind.');
    const gone = await editor.save(documentKind, { key: made.key, base, form, who: ana });
    expect([gone.result, 'form' in gone && gone.form.get('body')]).toEqual(['gone', 'Racks behind.']);
    expect(await editor.deleted(documentKind)).toMatchObject([{ key: made.key, title: 'Bicycles', by: 'Ben' }]);
    const back = await editor.restore(documentKind, made.key, 1, ana);
    if (!('key' in back)) throw new Error(back.problem);
    expect((await opened(documentKind, back.key)).content).toMatchObject({
      title: 'Bicycles',
      body: 'Racks in front.',
    });
  });

  test.each<[Kind, Record<string, string>, Record<string, string>]>([
    [
      documentKind,
      { category: '', title: ' ', body: '' },
      {
        category: 'In which category does it stand?',
        title: 'A document has a title: it is named as the source.',
        body: 'What is the answer? Only a draft may be without.',
      },
    ],
    [
      documentKind,
      { category: 'x', title: 'Dogs on the patio', slug: 'A b', body: 'y' },
      { slug: 'Small letters, digits and hyphens, as in oat-milk-latte.' },
    ],
    [
      itemKind,
      {
        name: 'Latte',
        categoryId: '1',
        'sizes.3.name': 'Small',
        'sizes.3.price': '4,5',
        'sizes.7.name': 'small',
        'sizes.7.price': 'free',
      },
      { 'sizes.1.price': 'Not a price as in 4.50.' },
    ],
    [
      itemKind,
      { name: 'Oat Milk Latte', categoryId: '1' },
      { name: '“Oat Milk Latte” has the short name oat-milk-latte already.' },
    ],
    [itemKind, { name: 'Mocha to go', categoryId: '999' }, { categoryId: 'Choose a category.' }],
    [
      planKind,
      { name: 'x', price: '', interval: 'day', intervalCount: '0' },
      {
        price: 'A price is missing, as in 4.50.',
        interval: 'By week, month or year?',
        intervalCount: 'A whole number from 1 to 52.',
      },
    ],
    [
      dateKind,
      { date: '2026-02-30', reason: '', 'hours.openTime': '25:00', 'hours.closeTime': '', 'closedLine.xx': 'a' },
      {
        date: 'Not a date of the calendar as in 2026-12-24.',
        reason: 'Its name is said to callers, as in Thanksgiving.',
        'hours.openTime': 'Not a time as in 07:30 or 18:00.',
        'hours.closeTime': 'Not a time as in 07:30 or 18:00.',
        'closedLine.xx': 'This is no language as in en, es or fr.',
      },
    ],
    [
      staffKind,
      { name: 'Kim', number: '(207) 555-0143', ringSeconds: '90', mode: 'warm', followsStore: 'on' },
      {
        number: 'A telephone number with the country code, as in +1 207 555 0143.',
        ringSeconds: 'A whole number from 5 to 60.',
      },
    ],
    [
      staffKind,
      { name: 'Kim', number: '+1 (207) 555-0143', ringSeconds: '25', mode: 'warm', followsStore: 'on' },
      { number: 'Sam has this number.' },
    ],
  ])('%#: what is wrong is said beside the field, and nothing is stored', async (kind, fields, problems) => {
    const form = new URLSearchParams(fields);
    const result = await editor.save(kind, { key: null, base: '', form, who: ana });
    expect(result).toMatchObject({ result: 'refused', problems });
    expect('problems' in result && Object.keys(result.problems)).toEqual(Object.keys(problems));
  });

  test('a document of ten thousand lines is stored and searched; one that cannot be searched is refused in words', async () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `Line ${index} tells of the roasting of beans.`);
    const form = new URLSearchParams({ category: 'Beans', title: 'The long book', body: lines.join('\r\n') });
    const made = saved(await editor.save(documentKind, { key: null, base: '', form, who: ana }));
    expect((await opened(documentKind, made.key)).content['body']).toBe(lines.join('\n'));
    await editor.remove(documentKind, made.key, ana);
    const letters = 'abcdefghijklmnopqrstuvwxyz';
    const letter = (index: number, at: number) => letters[Math.floor(index / 26 ** at) % 26] ?? '';
    const words = Array.from({ length: 130_000 }, (_, index) =>
      [4, 3, 2, 1, 0].map((at) => letter(index, at)).join(''),
    );
    form.set('body', words.join(' '));
    expect(await editor.save(documentKind, { key: null, base: '', form, who: ana })).toMatchObject({
      result: 'refused',
      problems: { body: 'The text has more different words than can be searched. Make several documents of it.' },
    });
  });

  test('an item keeps the order of its sizes, and rows that stay keep their ids', async () => {
    const key = await itemOf('oat-milk-latte');
    const ids = async () =>
      (
        await database.source
          .getRepository(MenuItemEntity)
          .findOneOrFail({ where: { id: Number(key) }, relations: { sizes: true } })
      ).sizes;
    const before = await ids();
    const { base, form } = await opened(itemKind, key);
    form.set('sizes.0.price', '5.35');
    form.set('sizes.1.soldOut', 'on');
    for (const field of ['name', 'price']) form.set(`sizes.2.${field}`, '');
    form.set('sizes.9.name', 'Bucket');
    form.set('sizes.9.price', '9');
    saved(await editor.save(itemKind, { key, base, form, who: ana }));
    expect((await opened(itemKind, key)).content['sizes']).toEqual([
      { name: 'Small', price: '5.35', soldOut: false },
      { name: 'Medium', price: '5.75', soldOut: true },
      { name: 'Bucket', price: '9.00', soldOut: false },
    ]);
    const kept = (rows: typeof before) =>
      rows.filter(({ name }) => name === 'Small' || name === 'Medium').map(({ id }) => id);
    expect(new Set(kept(await ids()))).toEqual(new Set(kept(before)));
  });

  test('versions come by the page, newest first, each with what it changed', async () => {
    const made = await editor.put(documentKind, null, documentOf('Body 0'), { who: ana });
    const key = 'key' in made ? made.key : '';
    for (let count = 1; count < 25; count++)
      await editor.put(documentKind, key, documentOf(`Body ${count}`), { who: ana });
    const first = await editor.versions(documentKind, key);
    expect(first.map(({ version }) => version)).toEqual(Array.from({ length: versionsMax }, (_, index) => 25 - index));
    const rest = await editor.versions(documentKind, key, first.at(-1)?.version);
    expect(rest.map(({ version }) => version)).toEqual([5, 4, 3, 2, 1]);
    expect([first.at(-1)?.changed, rest.at(-1)?.changed]).toEqual([['Answer'], []]);
    expect(rest.at(-1)?.content?.['body']).toBe('Body 0');
    await editor.remove(documentKind, key, ana);
  });
});
