import type { DataSource, Repository } from 'typeorm';
import { PreparedLineEntity, type PreparedLine } from '../../entities/prepared-line.ts';
import type { Log } from '../telemetry/log.ts';
import { keepFresh, type Keeper, type OnChange } from './keeper.ts';
import type { LineName, PreparedAudio, PreparedLines } from './lines.ts';
import { BYTES_PER_MS, wavOf } from './mulaw.ts';
import { currentText, lineVersion, type LineSource, sha256, spokenId, wantedLines } from './wanted-lines.ts';

const limits = {
  /** Lines in memory, of all languages, voices and releases; a store has about a hundred. */
  linesMax: 1_000,
  /** Read at once. */
  batchMax: 50,
  /** It is said so often that what this release makes itself is still wanted. */
  announceMs: 3_600_000,
  /** A name that nobody here knows makes the node look for it so often at most. */
  lookMsMin: 1_000,
} as const;

/** A sound as the carrier fetches it. */
export interface StoredSound {
  hash: string;
  /** 8 kHz mono µ-law without a header. */
  ulaw: Buffer;
}

/** A sound that this release makes itself, by the name of what it is. */
export interface OwnSound extends StoredSound {
  key: string;
}

export interface LineKeeper extends PreparedLines {
  /** A sentence of the store's own as sound, null where none is rendered. */
  said(text: string, language: string): PreparedAudio | null;
  /** Anything that was announced, by this release or another one. */
  find(hash: string): Promise<StoredSound | null>;
  /** Of all that should be ready, how many are. */
  count(): { ready: number; missing: number };
  /** Reads the database again; false if that failed and the old lines stay. */
  refresh(): Promise<boolean>;
  close(): void;
}

export interface LineKeeperOptions {
  source: LineSource;
  /** Stored too, so that every node can serve it as long as one announces it. */
  own: readonly OwnSound[];
  log: Pick<Log, 'warn'>;
  /** Monotonic milliseconds. */
  now?: () => number;
  onChange?: OnChange;
}

type Row = Omit<PreparedLine, 'ulaw'>;

interface Stored extends Row {
  audio: PreparedAudio;
}

interface Known {
  byHash: ReadonlyMap<string, Stored>;
  /** The best of each sentence: made as this release makes it, by the voice of today. */
  bySentence: ReadonlyMap<string, readonly Stored[]>;
}

const nothing: Known = { byHash: new Map(), bySentence: new Map() };

/** Keeps every prepared line in memory and follows what is rendered. Resolves when the database was read, or five seconds later. */
export async function keepLines(dataSource: DataSource, options: LineKeeperOptions): Promise<LineKeeper> {
  const { source, own, log, onChange, now = () => performance.now() } = options;
  const ownByHash = new Map<string, StoredSound>(own.map((sound) => [sound.hash, sound]));
  let announcedAt = -Infinity;
  const read = async (): Promise<Known> => {
    if (now() - announcedAt >= limits.announceMs) {
      await announce(dataSource.getRepository(PreparedLineEntity), own);
      announcedAt = now();
    }
    return readLines(dataSource.getRepository(PreparedLineEntity), keeper.current());
  };
  const keeper: Keeper<Known> = keepFresh({
    initial: nothing,
    read,
    failure: 'prepared lines not read; the last ones are kept',
    log,
    onChange,
  });
  let lookedAt = -Infinity;
  let looking: Promise<unknown> = Promise.resolve();
  await keeper.refresh();

  function said(text: string, language: string): PreparedAudio | null {
    const candidates = keeper.current().bySentence.get(spokenId({ language, textHash: sha256(text) })) ?? [];
    const { voice } = source.assistant();
    // Yesterday's voice rather than the carrier's.
    return (candidates.find((each) => each.voice === voice) ?? candidates[0])?.audio ?? null;
  }

  function known(hash: string): StoredSound | null {
    return ownByHash.get(hash) ?? keeper.current().byHash.get(hash)?.audio ?? null;
  }

  return {
    audio: (line: LineName, language: string) => said(currentText(line, source, language), language),
    said,
    count() {
      const wanted = wantedLines(source);
      const ready = wanted.filter(({ text, language }) => said(text, language) !== null).length;
      return { ready, missing: wanted.length - ready };
    },
    async find(hash) {
      const found = known(hash);
      if (found !== null) return found;
      if (now() - lookedAt >= limits.lookMsMin) {
        lookedAt = now();
        looking = keeper.refresh();
      }
      await looking;
      return known(hash);
    },
    refresh: keeper.refresh,
    close: keeper.close,
  };
}

async function readLines(rows: Repository<PreparedLine>, last: Known): Promise<Known> {
  const found = await rows.find({ order: { wantedAt: 'DESC', hash: 'ASC' }, take: limits.linesMax });
  const before = last.byHash;
  const news = found.filter(({ hash }) => !before.has(hash)).map(({ hash }) => hash);
  const sounds = new Map<string, Buffer>();
  for (let at = 0; at < news.length; at += limits.batchMax) {
    const batch = await rows
      .createQueryBuilder('line')
      .select(['line.hash', 'line.ulaw'])
      .where('line.hash IN (:...hashes)', { hashes: news.slice(at, at + limits.batchMax) })
      .getMany();
    for (const { hash, ulaw } of batch) sounds.set(hash, ulaw);
  }
  return knownOf(found.flatMap((row) => before.get(row.hash) ?? storedOf(row, sounds.get(row.hash)) ?? []));
}

function storedOf(row: Row, ulaw: Buffer | undefined): Stored | null {
  if (ulaw === undefined) return null;
  return { ...row, audio: { hash: row.hash, text: row.text, ulaw, ms: ulaw.length / BYTES_PER_MS } };
}

function knownOf(lines: readonly Stored[]): Known {
  const bySentence = Map.groupBy(lines, spokenId);
  for (const candidates of bySentence.values())
    candidates.sort((a, b) => Number(isOurs(b)) - Number(isOurs(a)) || b.createdAt.getTime() - a.createdAt.getTime());
  return { byHash: new Map(lines.map((line) => [line.hash, line])), bySentence };
}

function isOurs({ version }: Row): boolean {
  return version === lineVersion;
}

/** What this release makes itself can be fetched from every node, and is kept as long as it runs. */
async function announce(rows: Repository<PreparedLine>, own: readonly OwnSound[]): Promise<void> {
  for (const { key, hash, ulaw } of own) {
    const { affected } = await rows.update({ hash }, { wantedAt: () => 'now()' });
    if (affected !== 0) continue;
    const made = { language: '', text: '', textHash: hash, voice: '', version: lineVersion };
    const row = { key, hash, ulaw, ms: ulaw.length / BYTES_PER_MS, ...made };
    await rows.createQueryBuilder().insert().values(row).orIgnore().execute();
  }
}

/** The hash under which these samples are fetched. */
export function soundOf(ulaw: Buffer): StoredSound {
  return { hash: sha256(wavOf(ulaw)), ulaw };
}
