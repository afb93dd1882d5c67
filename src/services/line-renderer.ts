import type { DataSource, Repository } from 'typeorm';
import { PreparedLineEntity, type PreparedLine } from '../../entities/prepared-line.ts';
import type { Log } from '../telemetry/log.ts';
import { languageName } from './languages.ts';
import { BYTES_PER_MS, wavOf } from './mulaw.ts';
import { type Speech, SpeechError } from './speech.ts';
import { lineVersion, sha256, spokenId, type WantedLine } from './wanted-lines.ts';

const limits = {
  /** Requests to the speech interface at once. */
  atOnce: 4,
  /** One after the other: then the interface is taken to be away. */
  failuresMax: 3,
  /** Nobody has wanted it for so long: no document that names it is played any more, no older release runs. */
  graceMs: 48 * 3_600_000,
} as const;

export interface RenderOptions {
  dataSource: DataSource;
  speech: Speech;
  wanted: readonly WantedLine[];
  voice: string;
  signal?: AbortSignal;
  log: Pick<Log, 'warn' | 'info'>;
}

export interface RenderReport {
  /** Sentences that were rendered now, and that were there already. */
  rendered: number;
  kept: number;
  /** Sentences that are still missing. */
  missing: number;
  /** Why, as far as it was tried. */
  failure: SpeechError | null;
  deleted: number;
}

/**
 * Makes the stored lines those that are wanted: renders what is missing, forgets what nobody wants any more. May be
 * repeated and run by several at once. Rejects as the database does.
 */
export async function renderLines(options: RenderOptions): Promise<RenderReport> {
  const { dataSource, wanted, voice, log } = options;
  const rows = dataSource.getRepository(PreparedLineEntity);
  const stored = await rows.find({
    select: { hash: true, language: true, textHash: true },
    where: { voice, version: lineVersion },
  });
  const byId = new Map(stored.map((row) => [spokenId(row), row.hash]));
  const kept = wanted.flatMap((line) => byId.get(spokenId(line)) ?? []);
  await touch(rows, kept);
  const missing = wanted.filter((line) => !byId.has(spokenId(line)));
  const { rendered, failure } = await renderAll(missing, rows, options);
  const report = {
    rendered,
    kept: kept.length,
    missing: missing.length - rendered,
    failure,
    deleted: await tidy(rows),
  };
  if (report.rendered + report.deleted > 0) log.info({ ...report, failure: undefined }, 'lines rendered');
  if (failure) log.warn({ err: failure, missing: report.missing }, 'lines not rendered');
  return report;
}

async function renderAll(
  missing: readonly WantedLine[],
  rows: Repository<PreparedLine>,
  { speech, voice, signal }: RenderOptions,
): Promise<{ rendered: number; failure: SpeechError | null }> {
  const waiting = [...missing];
  let rendered = 0;
  let inARow = 0;
  let failure: SpeechError | null = null;
  const work = async (): Promise<void> => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      try {
        await store(rows, line, voice, await speech.speak(requestOf(line, voice), signal));
        rendered += 1;
        inARow = 0;
      } catch (error) {
        if (!(error instanceof SpeechError)) throw error;
        failure = error;
        inARow += 1;
        // Key, account or provider: the rest would fare no better.
        if (error.code === 'refused' || inARow >= limits.failuresMax) waiting.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: limits.atOnce }, work));
  return { rendered, failure };
}

function requestOf({ language, text }: WantedLine, voice: string) {
  const instructions = `You answer a store's telephone. Speak ${languageName(language)}: warm, clear and calm, at an even pace. Say the words as they stand and nothing else.`;
  return { text, voice, instructions };
}

async function store(rows: Repository<PreparedLine>, line: WantedLine, voice: string, ulaw: Buffer): Promise<void> {
  const row = { ...line, voice, version: lineVersion, ulaw, ms: ulaw.length / BYTES_PER_MS };
  const values = { ...row, hash: sha256(wavOf(ulaw)) };
  // Another process may have rendered it meanwhile: one is enough.
  await rows.createQueryBuilder().insert().values(values).orIgnore().execute();
}

async function touch(rows: Repository<PreparedLine>, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  await rows
    .createQueryBuilder()
    .update()
    .set({ wantedAt: () => 'now()' })
    .where('hash = ANY(:hashes)', { hashes })
    .execute();
}

async function tidy(rows: Repository<PreparedLine>): Promise<number> {
  const { affected } = await rows
    .createQueryBuilder()
    .delete()
    .where(`wanted_at < now() - :ms * interval '1 millisecond'`, { ms: limits.graceMs })
    .execute();
  return affected ?? 0;
}
