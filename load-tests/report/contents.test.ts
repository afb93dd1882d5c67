import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const textOf = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** The part of a link that leads to a heading of the same page. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');

describe.each(['load-tests/README.md', 'docs/performance.md'])('%s', (path) => {
  test('begins with a list of its sections, in their order', async () => {
    const page = await textOf(path);
    const [top = ''] = page.split(/^## /m);
    const listed = [...top.matchAll(/^- \[[^\]]+\]\(#([^)]+)\)/gm)].map(([, anchor]) => anchor);
    const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
    expect(listed).toEqual(sections);
  });
});

test('every measure of npm run bench is explained', async () => {
  const [, list = ''] = /const measures[^[]*\[\]? = \[([^\]]*)\]/.exec(await textOf('load-tests/bench/main.ts')) ?? [];
  const measures = list.match(/\w+/g) ?? [];
  const explained = [...(await textOf('load-tests/README.md')).matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(measures.length).toBeGreaterThan(10);
  expect(measures.filter((name) => !explained.includes(name))).toEqual([]);
});
