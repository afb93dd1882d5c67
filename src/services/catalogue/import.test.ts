import { beforeAll, expect, test } from 'vitest';
import { KnowledgeDocumentEntity } from '../../../entities/knowledge-document.ts';
import { seed } from '../../../entities/seed/index.ts';
import { onBothDatabases } from '../../sim/parts/both-databases.ts';
import { createAudit } from '../audit.ts';
import { createEditor, type Editor } from './editor.ts';
import { email } from './fields.ts';
import { importLimits, readImport } from './import-file.ts';
import { carryOutImport, planImport } from './import-plan.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (name: string, text: string) => {
  const file = readImport(name, bytes(text));
  return 'entries' in file ? file.entries : file.problem;
};

test('markdown with a front matter is one document', () => {
  expect(
    read(
      'a.md',
      '---\ntitle: Parking\ncategory: Visiting\norder: 3\ndraft: yes\n---\n\n# Cars\n\nBehind the *store*.\n',
    ),
  ).toEqual([
    {
      line: 8,
      fields: { title: 'Parking', category: 'Visiting', sortOrder: '3', isDraft: 'on', body: 'Behind the *store*.' },
    },
  ]);
});

test('markdown with headings: the first level is a category, the second a document; code is no heading', () => {
  expect(
    read('a.md', '# Visiting\n\n## Where can I park?\nBehind.\n```\n## no heading\n```\n\n# Dogs\n## Water\nYes.'),
  ).toEqual([
    {
      line: 3,
      fields: {
        title: 'Where can I park?',
        question: 'Where can I park?',
        body: 'Behind.\n```\n## no heading\n```',
        category: 'Visiting',
      },
    },
    { line: 10, fields: { title: 'Water', body: 'Yes.', category: 'Dogs' } },
  ]);
  expect(read('a.markdown', '# Only\nOne.')).toEqual([{ line: 1, fields: { title: 'Only', body: 'One.' } }]);
});

test('csv: quotes, lines within fields, other separators, columns that nobody knows', () => {
  expect(
    read('a.csv', '\uFEFFTitle,Answer,Colour\r\n"Say ""hi""","Two\r\nlines, one field",red\r\n\r\nPlain,Yes,\r\n'),
  ).toEqual([
    { line: 2, fields: { title: 'Say "hi"', body: 'Two\nlines, one field' } },
    { line: 5, fields: { title: 'Plain', body: 'Yes' } },
  ]);
  expect(read('a.csv', 'title;answer\na;b, c')).toEqual([{ line: 2, fields: { title: 'a', body: 'b, c' } }]);
});

test.each([
  ['menu.pdf', '%PDF', '“menu.pdf” is neither Markdown (.md) nor CSV (.csv).'],
  ['a.csv', 'name,colour\nx,y', 'The first line names the columns; “answer” is not among them. It has: name, colour.'],
  ['a.csv', 'title,answer\n"x,y', 'A quoted field is never closed: a “"” is missing.'],
  ['a.md', 'no heading', 'There is no heading in the file: a line that begins with “# ” names the document.'],
  [
    'a.md',
    '---\n{a: [\n---\nx',
    'What stands between the two lines of --- is not understood. It has lines as in “title: Parking”.',
  ],
  ['a.csv', ' \n', 'The file is empty.'],
  ['a.csv', 'title,answer\n', 'There is no document in the file.'],
])('%s %j is refused', (name, text, problem) => {
  expect(read(name, text)).toBe(problem);
});

test('what is no text, and what is too large, is refused', () => {
  expect(readImport('a.csv', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]))).toHaveProperty('problem');
  expect(readImport('a.csv', Uint8Array.from([0x74, 0xff, 0x74]))).toHaveProperty('problem');
  expect(readImport('a.md', new Uint8Array(importLimits.fileBytes + 1).fill(35))).toEqual({
    problem: 'The file is larger than 2 MB. Split it.',
  });
});

test('a file that is made to keep a program busy is read at once', () => {
  for (const long of [' '.repeat(100_000), '#'.repeat(100_000)])
    expect(readImport('a.md', bytes(`# a${long}b\nText.`))).toEqual({
      entries: [{ line: 1, fields: { title: `a${long}b`, body: 'Text.' } }],
    });
  expect(read('a.md', '## a\n'.repeat(100_000))).toBe('The file has 100000 documents; at most 500 at once.');
  expect(email.safeParse(`a@${'.'.repeat(100_000)}@`).success).toBe(false);
});

test('a heading may be closed as it is opened', () => {
  expect(read('a.md', '# Cars ##\nText.')).toEqual([{ line: 1, fields: { title: 'Cars', body: 'Text.' } }]);
  expect(read('a.md', '# C#\nText.')).toEqual([{ line: 1, fields: { title: 'C#', body: 'Text.' } }]);
});

await onBothDatabases((database) => {
  const ana = { name: 'Ana' };
  let editor: Editor;
  beforeAll(async () => {
    await seed(database.source, Date.parse('2026-11-18T17:00:00Z'));
    editor = createEditor({
      dataSource: database.source,
      audit: createAudit(database.source),
      announce: () => Promise.resolve(),
    });
  });

  test('the preview says line by line what becomes of each document, and exactly that is done', async () => {
    const documents = database.source.getRepository(KnowledgeDocumentEntity);
    const parking = await documents.findOneByOrFail({ slug: 'parking' });
    const file = readImport(
      'faq.csv',
      bytes(
        [
          'title,answer,category',
          'Parking,In the yard.,' + parking.category,
          '<script>alert(1)</script>,Nothing happens.,Visiting',
          ',Without a title,Visiting',
          'Parking,Twice.,Visiting',
          'Bicycles,Racks.,',
        ].join('\n'),
      ),
    );
    if (!('entries' in file)) throw new Error(file.problem);
    const { entries } = file;
    const plan = await planImport(database.source, entries, 'General');
    expect(plan.steps.map(({ line, action, words }) => [line, action, words])).toEqual([
      [2, 'change', 'Answer'],
      [3, 'make', 'Visiting'],
      [4, 'refuse', 'A document has a title: it is named as the source.'],
      [5, 'refuse', 'It has the short name of line 2, parking.'],
      [6, 'make', 'General'],
    ]);
    expect(await carryOutImport(editor, { entries, category: 'General', digest: 'another', who: ana })).toBeNull();
    const count = await documents.count();
    const done = await carryOutImport(editor, { entries, category: 'General', digest: plan.digest, who: ana });
    expect(done?.counts).toEqual({ make: 2, change: 1, same: 0, refuse: 2 });
    expect(await documents.count()).toBe(count + 2);
    expect(await documents.findOneByOrFail({ slug: 'parking' })).toMatchObject({
      body: 'In the yard.',
      question: parking.question,
      sortOrder: parking.sortOrder,
    });
    expect((await planImport(database.source, entries, 'General')).counts).toMatchObject({ same: 3, make: 0 });
    expect(await createAudit(database.source).entries({ action: 'knowledge.imported' })).toHaveLength(3);
  });
});
