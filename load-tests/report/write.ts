import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportOf } from './page.ts';
import { readResults } from './results.ts';

const here = join(import.meta.dirname, '..');
/** Between these two lines of the page that explains the measures stands the table of what was promised. */
export const marks = { begin: '<!-- results: npm run report -->', end: '<!-- end of results -->' };

/** The page with another table between the marks. @throws where they are missing */
export function withSummary(page: string, summary: string): string {
  const [begin, end] = [page.indexOf(marks.begin), page.indexOf(marks.end)];
  if (begin < 0 || end < begin) throw new Error(`${marks.begin} and ${marks.end} are not there`);
  return `${page.slice(0, begin + marks.begin.length)}\n\n${summary}\n${page.slice(end)}`;
}

/** Every file of the report by its path, as the results of this moment give it. */
export async function reportFiles(folder = here): Promise<Map<string, string>> {
  const results = join(folder, 'results');
  const { files, summary } = reportOf(await readResults(results));
  const paths = new Map([...files].map(([name, text]) => [join(results, name), text]));
  const page = join(folder, 'README.md');
  return paths.set(page, withSummary(await readFile(page, 'utf8'), summary));
}

/** Pictures that no result gives any more. */
async function leftOver(folder: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const results = join(folder, 'results');
  const paths = (await readdir(results)).filter((name) => name.endsWith('.svg')).map((name) => join(results, name));
  return paths.filter((path) => !files.has(path));
}

/** What is not as the results give it: paths. */
export async function drift(folder = here): Promise<string[]> {
  const files = await reportFiles(folder);
  const stale = await leftOver(folder, files);
  for (const [path, text] of files) {
    const found = await readFile(path, 'utf8').catch(() => null);
    if (found !== text) stale.push(path);
  }
  return stale;
}

/** Writes the page of results, its pictures, and the table in the page that explains them; returns the names of what changed. */
export async function writeReport(folder = here): Promise<{ changed: string[] }> {
  const files = await reportFiles(folder);
  const changed = await drift(folder);
  for (const path of changed) {
    const text = files.get(path);
    await (text === undefined ? rm(path) : writeFile(path, text));
  }
  return { changed: changed.map((path) => path.slice(folder.length + 1)).toSorted() };
}
