import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A text of more characters than this is not indexed whole: PostgreSQL refuses vectors of a megabyte. */
const INDEXED_CHARS = 200_000;
const PIECE_CALLS = 10_000;

const wordsOf = (transcript: string): string => `
  to_tsvector('english', left(coalesce(
    (SELECT string_agg(line ->> 'text', ' ') FROM jsonb_array_elements(${transcript}) AS line), ''), ${INDEXED_CHARS}))`;

/** Follows `call_log`, whoever writes or deletes there: also a release that does not know of it. */
const follow = `
  CREATE FUNCTION call_text_follow() RETURNS trigger LANGUAGE plpgsql AS $body$
  BEGIN
    IF TG_OP = 'DELETE' THEN
      DELETE FROM public.call_text WHERE call_sid = OLD.call_sid;
      RETURN NULL;
    END IF;
    IF NEW.transcript IS NULL OR jsonb_typeof(NEW.transcript) <> 'array' THEN
      DELETE FROM public.call_text WHERE call_sid = NEW.call_sid;
    ELSE
      INSERT INTO public.call_text (call_sid, started_at, words)
      VALUES (NEW.call_sid, NEW.started_at, ${wordsOf('NEW.transcript')})
      ON CONFLICT (call_sid) DO UPDATE SET started_at = excluded.started_at, words = excluded.words;
    END IF;
    RETURN NULL;
  END
  $body$`;

/** What was said so far, in pieces: each statement is bounded, and no call waits for a lock meanwhile. */
async function fill(runner: QueryRunner): Promise<void> {
  for (let after: string | null = ''; after !== null;) {
    const ends: { last: string | null }[] = await runner.query(
      `WITH piece AS (
         SELECT call_sid, started_at, transcript FROM call_log WHERE call_sid > $1 ORDER BY call_sid LIMIT ${PIECE_CALLS}
       ), filled AS (
         INSERT INTO call_text SELECT call_sid, started_at, ${wordsOf('transcript')} FROM piece
         WHERE jsonb_typeof(transcript) = 'array'
       )
       SELECT max(call_sid) AS last FROM piece`,
      [after],
    );
    after = ends[0]?.last ?? null;
  }
}

/** What another release wrote, changed and emptied while it was filled. */
async function catchUp(runner: QueryRunner): Promise<void> {
  await runner.query(
    `INSERT INTO call_text SELECT call_sid, started_at, ${wordsOf('transcript')} FROM call_log
     WHERE transcript IS NOT NULL
       AND (started_at > now() - interval '2 days'
         OR NOT EXISTS (SELECT FROM call_text WHERE call_text.call_sid = call_log.call_sid))
       AND jsonb_typeof(transcript) = 'array'
     ON CONFLICT (call_sid) DO UPDATE SET started_at = excluded.started_at, words = excluded.words`,
  );
  await runner.query(
    `DELETE FROM call_text WHERE NOT EXISTS
       (SELECT FROM call_log WHERE call_log.call_sid = call_text.call_sid AND transcript IS NOT NULL)`,
  );
}

/** What calls are looked for by: their words, parts of numbers, intents, how they went; in pages from the newest on. */
export class CallSearch1763870002000 implements MigrationInterface {
  name = 'CallSearch1763870002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE call_text (call_sid text PRIMARY KEY, started_at timestamptz NOT NULL, words tsvector NOT NULL)',
    );
    await fill(runner);
    await runner.query('CREATE INDEX call_text_page_idx ON call_text (started_at, call_sid)');
    await runner.query('CREATE INDEX call_text_words_idx ON call_text USING gin (words)');
    await runner.query(follow);
    await runner.query(`CREATE TRIGGER call_text_insert AFTER INSERT ON call_log FOR EACH ROW
      WHEN (NEW.transcript IS NOT NULL) EXECUTE FUNCTION call_text_follow()`);
    await runner.query(`CREATE TRIGGER call_text_update AFTER UPDATE ON call_log FOR EACH ROW
      WHEN (OLD.transcript IS DISTINCT FROM NEW.transcript OR OLD.started_at <> NEW.started_at) EXECUTE FUNCTION call_text_follow()`);
    await runner.query(`CREATE TRIGGER call_text_delete AFTER DELETE ON call_log FOR EACH ROW
      EXECUTE FUNCTION call_text_follow()`);
    await catchUp(runner);
    await runner.query('CREATE INDEX call_log_page_idx ON call_log (started_at, call_sid)');
    await runner.query('CREATE INDEX call_log_outcome_idx ON call_log (outcome, started_at, call_sid)');
    await runner.query('CREATE INDEX call_log_intents_idx ON call_log USING gin (intents)');
    await runner.query('CREATE INDEX call_log_number_idx ON call_log USING gin (from_number gin_trgm_ops)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const index of ['number', 'intents', 'outcome', 'page'])
      await runner.query(`DROP INDEX call_log_${index}_idx`);
    for (const what of ['insert', 'update', 'delete']) await runner.query(`DROP TRIGGER call_text_${what} ON call_log`);
    await runner.query('DROP FUNCTION call_text_follow()');
    await runner.query('DROP TABLE call_text');
  }
}
