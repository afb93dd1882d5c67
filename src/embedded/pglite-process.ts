import { PGlite } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { PgliteDoor } from './pglite-door.ts';

// The process that `startPglite` starts. It lives as long as its standard input is open.

const { values } = parseArgs({
  options: { dir: { type: 'string' }, port: { type: 'string' }, cache: { type: 'string' } },
});

/** A freshly made database takes seconds to make and a third of a second to unpack. */
async function readCache(): Promise<Blob | null> {
  const bytes = values.cache ? await readFile(values.cache).catch(() => null) : null;
  return bytes ? new Blob([bytes]) : null;
}

async function writeCache(db: PGlite): Promise<void> {
  if (!values.cache) return;
  const draft = `${values.cache}.${process.pid}`;
  const dump = await db.dumpDataDir('none');
  await mkdir(dirname(values.cache), { recursive: true });
  await writeFile(draft, new Uint8Array(await dump.arrayBuffer()));
  await rename(draft, values.cache);
}

async function open(): Promise<PGlite> {
  const kept = values.dir && existsSync(join(values.dir, 'PG_VERSION'));
  const cache = kept ? null : await readCache();
  const db = await PGlite.create({
    extensions: { pg_trgm },
    ...(values.dir ? { dataDir: values.dir } : {}),
    ...(cache ? { loadDataDir: cache } : {}),
  });
  // A cache that can't be written costs the next start some seconds and nothing else.
  if (!kept && !cache) await writeCache(db).catch(() => {});
  return db;
}

const db = await open();
const door = new PgliteDoor(db, {
  onFailure(error) {
    console.error(error);
    process.exit(1);
  },
});
const port = await door.listen(Number(values.port ?? 0));

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await door.close();
  if (values.dir) await db.close();
  process.exit(0);
}
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => {});
process.stdin.on('end', () => void stop()).resume();

console.log(JSON.stringify({ port }));
