import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const packageFile = join(import.meta.dirname, '../../package.json');

/** Environment under which a node has the flags that `npm start` gives it, and more. */
export async function asStarted(...more: string[]): Promise<{ NODE_OPTIONS: string }> {
  const { scripts } = JSON.parse(await readFile(packageFile, 'utf8')) as { scripts: { start: string } };
  const flags = scripts.start.split(' ').filter((word) => /^--[a-z-]+=/.test(word));
  return { NODE_OPTIONS: [...flags, ...more].join(' ') };
}
