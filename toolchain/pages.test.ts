import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { ROOT } from '../toolchain/programs.ts';

const pages = ['docs/deploy.md', 'docs/scale.md', 'docs/threat-model.md', 'helm/aida/README.md'];
const FOLDER = /^(src|docs|helm|machines|entities|grafana|load-tests|toolchain)\//;

test.each(pages)('%s names files, links and commands that there are', async (page) => {
  const text = await readFile(join(ROOT, page), 'utf8');
  const paths = [...text.matchAll(/`([\w./-]+)`/g)].map(([, path = '']) => path).filter((path) => FOLDER.test(path));
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) =>
    normalize(join(dirname(page), link)),
  );
  expect(links.filter((link) => !existsSync(join(ROOT, link)))).toEqual([]);
  const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script);
  expect(scripts.filter((script) => !(script in packageJson.scripts))).toEqual([]);
});

test('the sums for a hundred thousand calls follow from the figures at the top of their page', async () => {
  const page = await readFile(join(ROOT, 'docs/scale.md'), 'utf8');
  const [, perCore] = /\| calls on one core, before the ear notices \| (\d+) \|/.exec(page) ?? [];
  const [, requests] = /(\d\.\d) for each more/.exec(page) ?? [];
  const [, micros] = /(\d+\.\d) µs each/.exec(page) ?? [];
  expect(page).toContain(`**${Math.ceil(100_000 / (Number(perCore) * 0.6))} cores**`);
  expect(page).toContain(`**${((100_000 * Number(requests) * Number(micros)) / 1e6).toFixed(1)} cores**`);
});
