import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { oldestOfOutbox, type RawEntry, refillOutbox, spillOutbox } from '../directory/outbox-spill.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Log } from '../telemetry/log.ts';

const limits = {
  /** Entries of one file. */
  fileEntries: 5_000,
  /** Entries added again in one script. */
  refillEntries: 250,
} as const;

/** Partition, the first entry's id in the outbox, and who wrote it: several processes may share the folder. */
const FILE = /^p(\d+)-\d+-\d+-[\da-f]+\.ndjson$/;

export interface ArchiveOptions {
  link: RedisLink;
  /** Made when it is first needed. */
  dir: string;
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

  /** Brings a file of the partition back into the outbox, the oldest first; how many facts. */
  async bringBack(partition: number): Promise<number> {
    const { link, dir, log } = this.options;
    const [name] = (await this.names()).filter((each) => partitionOfFile(each) === partition);
    if (name === undefined) return 0;
    const path = join(dir, name);
    const entries = (await readFile(path, 'utf8')).split('\n').flatMap((line) => {
      const entry = readEntry(line);
      if (!entry && line !== '') log.error({ path }, 'a line of archived facts cannot be read');
      return entry ? [entry] : [];
    });
    for (let from = 0; from < entries.length; from += limits.refillEntries)
      await refillOutbox(link, partition, entries.slice(from, from + limits.refillEntries));
    await rm(path, { force: true });
    log.warn({ partition, facts: entries.length }, 'facts from disk are in the outbox again');
    return entries.length;
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
  const part = `${path}.part`;
  await synced(part, 'w', (file) => file.writeFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')));
  await rename(part, path);
  // The name as well outlives a loss of power.
  await synced(dirname(path), 'r', async () => {});
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
