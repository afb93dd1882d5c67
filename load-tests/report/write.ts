import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportOf } from './page.ts';
import { readResults } from './results.ts';

const projectRoot = join(import.meta.dirname, '../..');
/** Between these two lines of a page stands what is written from the results. */
export const marks = { begin: '<!-- results: npm run report -->', end: '<!-- end of results -->' };

/** The page with another text between the marks. @throws where they are missing */
export function withResults(page: string, text: string): string {
  const [begin, end] = [page.indexOf(marks.begin), page.indexOf(marks.end)];
  if (begin < 0 || end < begin) throw new Error(`${marks.begin} and ${marks.end} are not there`);
  return `${page.slice(0, begin + marks.begin.length)}\n\n${text}\n${page.slice(end)}`;
}

/** Every file of the report by its path from the root, as the results of this moment give it. */
async function reportFiles(root: string): Promise<Map<string, string>> {
  const { files, promised, carried } = reportOf(await readResults(join(root, resultsFolder)));
  const paths = new Map([...files].map(([name, text]) => [join(resultsFolder, name), text]));
  for (const [path, text] of Object.entries({ 'load-tests/README.md': promised, 'docs/performance.md': carried }))
    paths.set(path, withResults(await readFile(join(root, path), 'utf8'), text));
  return paths;
}

const resultsFolder = 'load-tests/results';

/** Paths from the root of all that is not as the results give it; pictures that none of them gives are among it. */
export async function drift(root = projectRoot): Promise<string[]> {
  return [...(await changes(root)).keys()].toSorted();
}

/** Text by path; null for what is to go. */
async function changes(root: string): Promise<Map<string, string | null>> {
  const files = await reportFiles(root);
  const found = new Map<string, string | null>();
  for (const name of await readdir(join(root, resultsFolder))) {
    const path = join(resultsFolder, name);
    if (name.endsWith('.svg') && !files.has(path)) found.set(path, null);
  }
  for (const [path, text] of files) {
    const stored = await readFile(join(root, path), 'utf8').catch(() => null);
    if (stored !== text) found.set(path, text);
  }
  return found;
}

/** Writes the page of results, its pictures, and what other pages say of them; returns the paths of what changed. */
export async function writeReport(root = projectRoot): Promise<string[]> {
  const changed = await changes(root);
  for (const [path, text] of changed) await (text === null ? rm(join(root, path)) : writeFile(join(root, path), text));
  return [...changed.keys()].toSorted();
}
