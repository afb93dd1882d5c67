import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const ROWS = range(1, 31);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function rows(): Promise<{ row: number; files: string[] }[]> {
  const page = await readFile(join(ROOT, 'docs/faults.md'), 'utf8');
  return [...page.matchAll(/^\| (\d+) \|.*\|$/gm)].map(([line, row]) => ({
    row: Number(row),
    files: [...line.matchAll(/`(src\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file),
  }));
}

test('every row stands on the page once, with a test that carries its number', async () => {
  const found = await rows();
  expect(found.map(({ row }) => row)).toEqual(ROWS);
  for (const { row, files } of found) {
    expect(files.length, `row ${row}`).toBeGreaterThan(0);
    for (const file of files) {
      const title = new RegExp(`(test|describe)[^\\n]*\\(\\s*['"\`][^\\n]*\\brows? (\\d+(, | and ))*${row}\\b`);
      expect([file, title.test(await readFile(join(ROOT, file), 'utf8'))]).toEqual([file, true]);
    }
  }
});
