import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DataSource } from 'typeorm';
import type { DatabaseServer } from '../embedded/postgres.ts';
import { startPostgres } from '../sim/parts/postgres.ts';
import { type CallFilter, searchCalls, type Turned } from './call-search.ts';
import { openDatabase } from './database.ts';

/** A million calls of a year on a real PostgreSQL: no page of any search takes longer than this. */
const PAGE_MS_MAX = 200;
const CALLS = 1_000_000;
const PAGE_CALLS = 50;
const END = Date.parse('2026-11-18T17:00:00Z');
const SPACING_MS = 30_000;

/** Written past the row's triggers, whose work is done at once afterwards: what is measured is reading. */
const FILL = `
  INSERT INTO call_log (call_sid, from_number, to_number, status, started_at, answered_at, ended_at, duration, outcome,
    transcript, intents, promotion_slug)
  SELECT 'CA' || lpad(to_hex(n), 32, '0'),
    '+1207' || lpad(((n::bigint * 7919) % 10000000)::text, 7, '0'), '+12075550100', 'COMPLETED', at, at, at + interval '90 s', 90,
    (ARRAY['answered', 'answered', 'answered', 'transferred', 'voicemail', 'abandoned', 'answered', 'menu'])[1 + n % 8],
    jsonb_build_array(
      jsonb_build_object('who', 'assistant', 'text', 'Mangy Dog Coffee, how can I help you?', 'at', at, 'cut', false),
      jsonb_build_object('who', 'caller', 'text', 'Hello, ' || (ARRAY['when do you open', 'do you have oat milk',
        'I want to order beans', 'is the offer still on', 'can I speak to somebody'])[1 + n % 5] || ' '
        || CASE WHEN n % 100 = 7 THEN 'refund ' ELSE '' END || CASE WHEN n % 10000 = 77 THEN 'marshmallow ' ELSE '' END
        || 'number ' || n, 'at', at, 'cut', false),
      jsonb_build_object('who', 'assistant', 'text', 'Of course, let me look that up for you.', 'at', at, 'cut', false)),
    ARRAY[(ARRAY['hours', 'menu', 'order', 'promotion', 'person'])[1 + n % 5]] ||
      CASE WHEN n % 5000 = 3 THEN ARRAY['allergy'] ELSE ARRAY[]::text[] END,
    CASE WHEN n % 5 = 3 THEN 'muddy-paws' WHEN n % 9000 = 5 THEN 'old-offer' END
  FROM generate_series($1::int, $2::int) AS n, LATERAL (SELECT to_timestamp(($3::float8 - n * $4::float8) / 1000) AS at) AS t`;

const WORDS = `
  INSERT INTO call_text SELECT call_sid, started_at, to_tsvector('english', (SELECT string_agg(line ->> 'text', ' ')
    FROM jsonb_array_elements(transcript) AS line)) FROM call_log`;

describe('a million calls', () => {
  let server: DatabaseServer;
  let source: DataSource;

  beforeAll(async () => {
    server = await startPostgres();
    source = await openDatabase(server.url);
    // No bound is set on what a page would never do.
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query('ALTER TABLE call_log DISABLE TRIGGER USER');
    await client.query('DROP INDEX call_text_words_idx, call_log_intents_idx, call_log_number_idx');
    const piece = CALLS / 20;
    for (let from = 0; from < CALLS; from += piece) await client.query(FILL, [from, from + piece - 1, END, SPACING_MS]);
    await client.query(WORDS);
    await client.query('CREATE INDEX call_text_words_idx ON call_text USING gin (words)');
    await client.query('CREATE INDEX call_log_intents_idx ON call_log USING gin (intents)');
    await client.query('CREATE INDEX call_log_number_idx ON call_log USING gin (from_number gin_trgm_ops)');
    await client.query('ALTER TABLE call_log ENABLE TRIGGER USER');
    await client.query('VACUUM ANALYZE call_log');
    await client.query('VACUUM ANALYZE call_text');
    await client.end();
  }, 900_000);
  afterAll(async () => {
    await source.destroy();
    await server.stop();
  });

  const day = (daysAgo: number): Date => new Date(END - daysAgo * 24 * 3_600_000);

  test.each<[string, CallFilter]>([
    ['all', {}],
    ['a month', { from: day(60), until: day(30) }],
    ['a whole number', { number: '+12070007919' }],
    ['some digits', { number: '7919' }],
    ['an intent of a fifth', { intent: 'hours' }],
    ['a rare intent', { intent: 'allergy' }],
    ['an outcome', { outcome: 'voicemail' }],
    ['going on', { outcome: 'live' }],
    ['a promotion of a fifth', { promotion: 'muddy-paws' }],
    ['a rare promotion', { promotion: 'old-offer' }],
    ['a word of all calls', { words: 'coffee' }],
    ['a word of a fifth', { words: 'oat milk' }],
    ['a word of one in a hundred', { words: 'refund' }],
    ['a rare word', { words: 'marshmallow' }],
    ['a word of one call', { words: '77123' }],
    ['no such word', { words: 'xylophone' }],
    ['words that exclude each other', { words: 'oat beans' }],
    ['all together', { words: 'oat milk', intent: 'menu', outcome: 'answered', from: day(90) }],
    ['an intent and words that exclude each other', { words: 'oat', intent: 'hours' }],
    ['a rare word and an outcome', { words: 'marshmallow', outcome: 'voicemail' }],
  ])('%s', async (name, filter) => {
    const middle: Turned = { older: { at: new Date(END - (CALLS / 2) * SPACING_MS), callSid: 'CA' } };
    const last: Turned = { newer: { at: new Date(END - (CALLS - 100) * SPACING_MS), callSid: 'CA' } };
    const tookMs: number[] = [];
    for (const turned of [null, middle, last]) {
      // Whoever comes first warms the cache, as the calls of the day are.
      await searchCalls(source, filter, turned, PAGE_CALLS);
      const startedAt = performance.now();
      await searchCalls(source, filter, turned, PAGE_CALLS);
      tookMs.push(performance.now() - startedAt);
    }
    process.stdout.write(`${name}: ${tookMs.map((ms) => ms.toFixed(1)).join(', ')} ms\n`);
    expect(Math.max(...tookMs)).toBeLessThan(PAGE_MS_MAX);
  });
});
