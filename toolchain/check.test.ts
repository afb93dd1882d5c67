import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collect, ROOT } from './programs.ts';

/** What no tool may overlook, each in a file of its own: a green check that sees nothing must not pass. */
const PLANTED = {
  'cycle-a.ts': "import { b } from './cycle-b.ts';\nexport const a = (): number => b();\n",
  'cycle-b.ts': "import { a } from './cycle-a.ts';\nexport const b = (): number => a();\n",
  'floating.ts': 'export const later = (): void => {\n  Promise.resolve(1);\n};\n',
  'any.ts': 'export const open: any = 1;\n',
  'type.ts': "export const count: number = 'one';\n",
  'ugly.ts': 'export const  ugly = [1,2]\n',
};

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aida-planted-'));
  for (const [name, text] of Object.entries(PLANTED)) await writeFile(join(dir, name), text);
  await writeFile(
    join(dir, 'tsconfig.json'),
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions: { types: [] }, include: ['*.ts'] }),
  );
  await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'planted', type: 'module' }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('the linter sees a cycle, a floating promise and an any', async () => {
  const { code, output } = await collect(
    'oxlint',
    ['--type-aware', '--format=unix', '-c', join(ROOT, '.oxlintrc.json'), '.'],
    dir,
  );
  expect(code).toBe(1);
  expect(output).toMatch(/cycle-a\.ts.*no-cycle|cycle-b\.ts.*no-cycle/);
  expect(output).toMatch(/floating\.ts.*no-floating-promises/);
  expect(output).toMatch(/any\.ts.*no-explicit-any/);
});

test('the compiler sees a wrong type', async () => {
  const { code, output } = await collect('tsc', ['-p', '.', '--pretty', 'false'], dir);
  expect(code).not.toBe(0);
  expect(output).toMatch(/type\.ts\(1,14\): error TS2322/);
});

test('the formatter sees an unformatted file', async () => {
  const { code, output } = await collect('oxfmt', ['--check', '-c', join(ROOT, '.oxfmtrc.json'), 'ugly.ts'], dir);
  expect(code).toBe(1);
  expect(output).toContain('ugly.ts');
});

test('knip sees an unused file', async () => {
  const { code, output } = await collect('knip', ['--no-progress'], dir);
  expect(code).toBe(1);
  expect(output).toContain('ugly.ts');
});
