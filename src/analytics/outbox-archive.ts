import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { oldestOfOutbox, type RawEntry, refillOutbox, spillOutbox } from '../directory/outbox-spill.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { ErasureScreen } from '../privacy/erasure-screen.ts';
import type { Log } from '../telemetry/log.ts';

const limits = {
  /** Entries of one file. */
  fileEntries: 5_000,
  /** Entries added again in one script. */
  refillEntries: 250,
  /** A file that nobody has finished writing for so long was left by a process that ended. */
  partAgeMs: 3_600_000,
} as const;

/** Partition, the first entry's id in the outbox, and who wrote it: several processes may share the folder. */
const FILE = /^p(\d+)-\d+-\d+-[\da-f]+\.ndjson$/;

export interface ArchiveOptions {
  link: RedisLink;
  /** Made when it is first needed. */
  dir: string;
  /** What it leaves out never comes back, and goes from disk with the next look. */
  screen: ErasureScreen;
  log: Pick<Log, 'warn' | 'error'>;
}

/**
 * Facts on disk that the outbox had no room for. A file is safe on disk before its entries leave the outbox, and gone
 * from there only after they are back: a process that ends in between leaves some twice, which consumers bear.
 */
export class OutboxArchive {
  private readonly options: ArchiveOptions;

  constructor(options: ArchiveOptions) {
    this.options = options;
  }

  /** Puts the partition's oldest facts on disk, one file of them; how many. */
  async put(partition: number): Promise<number> {
    const { link, dir, log } = this.options;
    const oldest = await oldestOfOutbox(link, partition, limits.fileEntries);
    if (oldest.entries.length === 0) return 0;
    await mkdir(dir, { recursive: true });
    const path = join(dir, `p${partition}-${oldest.firstId}-${randomUUID().replaceAll('-', '')}.ndjson`);
    await write(path, oldest.entries);
    if (!(await spillOutbox(link, partition, oldest))) {
      // Another process was faster, and has them in a file of its own.
      await rm(path, { force: true });
      return 0;
    }
    const facts = oldest.entries.length;
    log.error({ partition, facts, path }, 'outbox is full: its oldest facts were put on disk');
    return facts;
  }

  /** Brings a file of the partition back into the outbox, the oldest first; how many facts. Waits for the database. */
  async bringBack(partition: number): Promise<number> {
    const { link, log, screen } = this.options;
    const [name] = (await this.names()).filter((each) => partitionOfFile(each) === partition);
    if (name === undefined) return 0;
    const entries = await screen(await this.read(name));
    for (let from = 0; from < entries.length; from += limits.refillEntries)
      await refillOutbox(link, partition, entries.slice(from, from + limits.refillEntries));
    await rm(this.pathOf(name), { force: true });
    log.warn({ partition, facts: entries.length }, 'facts from disk are in the outbox again');
    return entries.length;
  }

  /** Takes out of every file what is of erased calls, and drops what nobody has finished; how many facts. */
  async screenAll(): Promise<number> {
    const { dir, screen, log } = this.options;
    await dropUnfinished(dir);
    let facts = 0;
    for (const name of await this.names()) {
      const entries = await this.read(name);
      const kept = await screen(entries);
      if (kept.length === entries.length) continue;
      // Gone meanwhile: it is back in the outbox, screened like here.
      if (!(await this.names()).includes(name)) continue;
      await (kept.length === 0 ? rm(this.pathOf(name), { force: true }) : write(this.pathOf(name), kept));
      facts += entries.length - kept.length;
    }
    if (facts > 0) log.warn({ facts }, 'archived facts of erased calls deleted');
    return facts;
  }

  private pathOf(name: string): string {
    return join(this.options.dir, name);
  }

  private async read(name: string): Promise<RawEntry[]> {
    const path = this.pathOf(name);
    return (await readFile(path, 'utf8')).split('\n').flatMap((line) => {
      const entry = readEntry(line);
      if (!entry && line !== '') this.options.log.error({ path }, 'a line of archived facts cannot be read');
      return entry ? [entry] : [];
    });
  }

  /** Bytes on disk here. */
  async bytes(): Promise<number> {
    const sizes = await Promise.all(
      (await this.names()).map((name) =>
        stat(join(this.options.dir, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  private async names(): Promise<string[]> {
    const names = await readdir(this.options.dir).catch(() => []);
    return names.filter((name) => FILE.test(name)).toSorted();
  }
}

const partitionOfFile = (name: string): number => Number(FILE.exec(name)?.[1] ?? -1);

async function write(path: string, entries: readonly RawEntry[]): Promise<void> {
  // Several processes may write the same file anew.
  const part = `${path}.${randomUUID()}.part`;
  await synced(part, 'w', (file) => file.writeFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')));
  await rename(part, path);
  // The name as well outlives a loss of power.
  await synced(dirname(path), 'r', async () => {});
}

async function dropUnfinished(dir: string): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.endsWith('.part')) continue;
    const path = join(dir, name);
    const written = await stat(path).catch(() => null);
    if (written && Date.now() - written.mtimeMs > limits.partAgeMs) await rm(path, { force: true });
  }
}

async function synced(path: string, flags: 'r' | 'w', work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

function readEntry(line: string): RawEntry | null {
  try {
    const read: unknown = JSON.parse(line);
    if (typeof read !== 'object' || read === null) return null;
    const { callSid, place, json } = read as Partial<Record<keyof RawEntry, unknown>>;
    const isSound = typeof callSid === 'string' && typeof place === 'string' && typeof json === 'string';
    return isSound ? { callSid, place, json } : null;
  } catch {
    return null;
  }
}
