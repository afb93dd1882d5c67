import type { DataSource } from 'typeorm';
import { type QuestionNote, QuestionNoteEntity } from '../../entities/question-note.ts';
import type { Who } from './audit.ts';
import type { DeskDeps } from './voicemail-desk.ts';

export const openQuestionLimits = {
  /** Older ones are not listed. */
  days: 30,
  listedMax: 100,
  /** Calls named for one question. */
  callsMax: 5,
} as const;

/** A question that callers asked and Aida could not answer; spelled alike but for case and punctuation it is the same one. */
export interface AskedQuestion {
  /** SHA-256 of its words, hexadecimal. */
  hash: string;
  /** As it was asked last. */
  question: string;
  /** Times, in how many calls the same. */
  asked: number;
  lastAt: Date;
  /** The latest calls. */
  callSids: string[];
  /** What was done about it, though it may have been asked again since. */
  note: Pick<QuestionNote, 'state' | 'documentKey' | 'by' | 'at'> | null;
  isOpen: boolean;
}

export type QuestionView = 'open' | 'settled';

/** Questions for those who write the answers. Every method rejects as the database does. */
export interface OpenQuestions {
  /** Those that were asked most come first. `open`: nothing was done about it since it was asked last. */
  list(view: QuestionView): Promise<AskedQuestion[]>;
  question(hash: string): Promise<AskedQuestion | null>;
  count(): Promise<number>;
  settle(hash: string, who: Who, how: { state: QuestionNote['state']; documentKey: string | null }): Promise<void>;
  /** As if nothing had been done. */
  reopen(hash: string, who: Who): Promise<void>;
}

const ASKED = `
  SELECT encode(sha256(convert_to(words, 'UTF8')), 'hex') AS hash,
    (array_agg(question ORDER BY minute DESC, question))[1] AS question,
    count(*)::int AS asked, max(minute) AS "lastAt",
    (array_agg(DISTINCT call_sid))[1:${openQuestionLimits.callsMax}] AS "callSids"
  FROM (
    SELECT minute, call_sid, question, trim(regexp_replace(lower(question), '[[:space:][:punct:]]+', ' ', 'g')) AS words
    FROM figures_questions WHERE minute >= $1
  ) AS each WHERE words <> '' GROUP BY words`;

const LISTED = `
  SELECT questions.*, note.state, note.document_key AS "documentKey", note.by, note.at,
    (note.at IS NULL OR note.at < "lastAt") AS "isOpen"
  FROM (${ASKED}) AS questions LEFT JOIN question_note AS note ON note.question_hash = questions.hash`;

type Row = Omit<AskedQuestion, 'note'> & { [K in keyof NonNullable<AskedQuestion['note']>]: QuestionNote[K] | null };

const DAY_MS = 86_400_000;

export function createOpenQuestions({ dataSource, audit, now }: DeskDeps & { now(): number }): OpenQuestions {
  const since = () => new Date(now() - openQuestionLimits.days * DAY_MS);

  async function ask(where: string, values: unknown[]): Promise<AskedQuestion[]> {
    const rows = await dataSource.query<Row[]>(`SELECT * FROM (${LISTED}) AS listed WHERE ${where}`, [
      since(),
      ...values,
    ]);
    return rows.map(({ state, documentKey, by, at, ...asked }) => {
      return { ...asked, note: state && at ? { state, documentKey, by: by ?? '', at } : null };
    });
  }

  return {
    list: (view) =>
      ask(`"isOpen" = $2 ORDER BY asked DESC, "lastAt" DESC, hash LIMIT ${openQuestionLimits.listedMax}`, [
        view === 'open',
      ]),

    async question(hash) {
      const [found] = await ask('hash = $2', [hash]);
      return found ?? null;
    },

    count: () => countOpen(dataSource, since()),

    settle: (hash, who, { state, documentKey }) =>
      dataSource.transaction(async (manager) => {
        // A node's clock may be ahead of the database's: a call of this minute is meant too.
        const row = { questionHash: hash, state, documentKey, by: who.name, at: new Date(now()) };
        await manager.upsert(QuestionNoteEntity, row, ['questionHash']);
        await audit.note({ who, action: `question.${state}`, subject: hash, detail: { documentKey } }, manager);
      }),

    reopen: (hash, who) =>
      dataSource.transaction(async (manager) => {
        const { affected } = await manager.delete(QuestionNoteEntity, { questionHash: hash });
        if (affected === 1) await audit.note({ who, action: 'question.reopened', subject: hash }, manager);
      }),
  };
}

async function countOpen(dataSource: DataSource, since: Date): Promise<number> {
  const [found] = await dataSource.query<{ open: number }[]>(
    `SELECT count(*)::int AS open FROM (${LISTED}) AS listed WHERE "isOpen"`,
    [since],
  );
  return found?.open ?? 0;
}
