import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { ROOT } from '../toolchain/programs.ts';

const OWN = readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []));
const pages = ['README.md', 'helm/aida/README.md', 'load-tests/README.md', 'toolchain/README.md', ...OWN];
const FOLDER = /^(src|docs|helm|machines|entities|grafana|load-tests|toolchain)\//;

const textOf = (page: string): Promise<string> => readFile(join(ROOT, page), 'utf8');

/** Files of this project that a page leads to, each with the heading there, or ''. */
async function linksOf(page: string): Promise<[string, string][]> {
  const links = [...(await textOf(page)).matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)];
  return links.flatMap(([, file = '', heading = '']) =>
    /^https?:/.test(file) ? [] : [[file === '' ? page : normalize(join(dirname(page), file)), heading]],
  );
}

/** As GitHub makes them. */
async function headingsOf(page: string): Promise<string[]> {
  const headings = [...(await textOf(page)).matchAll(/^#+ (.+)$/gm)];
  return headings.map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('%s names files, links and commands that there are', async (page) => {
  const text = await textOf(page);
  const paths = [...text.matchAll(/`([\w./-]+)`/g)].map(([, path = '']) => path).filter((path) => FOLDER.test(path));
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  for (const [file, heading] of await linksOf(page)) {
    expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    if (heading !== '') expect([file, await headingsOf(file)]).toEqual([file, expect.arrayContaining([heading])]);
  }
  const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script);
  expect(scripts.filter((script) => !(script in packageJson.scripts))).toEqual([]);
});

test('every page is one click away from the README', async () => {
  const reached = new Set((await linksOf('README.md')).map(([file]) => file));
  expect(OWN.filter((page) => !reached.has(page))).toEqual([]);
});

test('the sums for a hundred thousand calls follow from the figures at the top of their page', async () => {
  const page = await textOf('docs/scale.md');
  const [, perCore] = /\| calls on one core, before the ear notices \| (\d+) \|/.exec(page) ?? [];
  const [, requests] = /(\d\.\d) for each more/.exec(page) ?? [];
  const [, micros] = /(\d+\.\d) µs each/.exec(page) ?? [];
  expect(page).toContain(`**${Math.ceil(100_000 / (Number(perCore) * 0.6))} cores**`);
  expect(page).toContain(`**${((100_000 * Number(requests) * Number(micros)) / 1e6).toFixed(1)} cores**`);
});
