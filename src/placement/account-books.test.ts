import { beforeEach, expect, test } from 'vitest';
import type { Usage } from '../../machines/call-events.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { AccountBooks, type AccountSettings } from './account-books.ts';

const settings: AccountSettings = {
  carrierCallsMax: null,
  modelSessionsMax: null,
  spendMax: { perHour: 1, perDay: 10 },
  modelPrices: { textIn: 4, textInCached: 0.4, audioIn: 32, audioInCached: 0.4, textOut: 24, audioOut: 64 },
};
const usage: Usage = { textIn: 100, textInCached: 1_000, audioIn: 10, audioInCached: 100, textOut: 20, audioOut: 50 };
const cost = 100 * 4 + 1_000 * 0.4 + 10 * 32 + 100 * 0.4 + 20 * 24 + 50 * 64;
const nothing = { hourMicros: 0, dayMicros: 0 };
const limitOf = (limit: number, remaining = limit, resetS = 0) => ({ limit, remaining, resetS });

let now = 1_000_000;
const metrics = createMetrics();
let books: AccountBooks;

beforeEach(() => {
  now = 1_000_000;
  books = createBooks();
});

function createBooks(changed: Partial<AccountSettings> = {}): AccountBooks {
  return new AccountBooks({ settings: { ...settings, ...changed }, now: () => now, log: createLog('silent'), metrics });
}

test('what was spent is told until it was heard, and counted by kind', async () => {
  books.used(usage);
  const report = books.report();
  expect(report).toEqual({ spentMicros: cost, telling: 1, model: null });
  expect(books.report()).toEqual(report);
  books.used(usage);
  books.heard(report, { spent: { hourMicros: cost, dayMicros: cost }, model: null });
  expect(books.report().spentMicros).toBe(cost);
  expect(books.spent).toEqual({ hourMicros: cost, dayMicros: cost });
  const scraped = await metrics.scrape();
  expect(scraped).toContain('aida_model_tokens_total{kind="textInCached"} 2000');
  expect(scraped).toContain(`aida_model_dollars_total{kind="audioOut"} ${(2 * 50 * 64) / 1e6}`);
});

test('the fleet judges what all nodes spent', () => {
  expect(books.spend).toEqual({ state: 'open', share: 0 });
  books.heard(books.report(), { spent: { hourMicros: 900_000, dayMicros: 900_000 }, model: null });
  expect(books.spend).toEqual({ state: 'alarm', share: 0.9 });
  books.heard(books.report(), { spent: { hourMicros: 1_000_000, dayMicros: 1_000_000 }, model: null });
  expect(books.spend.state).toBe('spent');
  books.heard(books.report(), { spent: { hourMicros: 0, dayMicros: 1_000_000 }, model: null });
  expect(books.spend.state).toBe('open');
});

test('what the model says of its account is told once, and bounds the fleet', () => {
  expect(books.ceiling()).toEqual({ calls: Infinity, reason: null });
  books.limitsTold({ tokens: limitOf(100_000), requests: limitOf(500, 497, 0.4) });
  expect(books.ceiling()).toEqual({ calls: 9, reason: 'tokens' });
  const report = books.report();
  expect(report.model).toEqual({
    at: now,
    requestsLimit: 500,
    requestsRemaining: 497,
    tokensLimit: 100_000,
    tokensRemaining: 100_000,
    resetAt: now + 400,
  });
  books.heard(report, { spent: nothing, model: report.model });
  expect(books.report().model).toBe(null);
  expect(books.ceiling().calls).toBe(9);
});

test('a message of the model that came while the heartbeat was under way is told with the next', () => {
  books.limitsTold({ tokens: limitOf(100_000), requests: null });
  const report = books.report();
  books.limitsTold({ tokens: limitOf(200_000), requests: null });
  books.heard(report, { spent: nothing, model: report.model });
  expect(books.report().model?.tokensLimit).toBe(200_000);
});

test('what another node learned counts here; an account used up lets nobody in for a while', () => {
  const other = createBooks();
  other.limitsTold({ tokens: limitOf(100_000, 0, 60), requests: null });
  books.heard(books.report(), { spent: nothing, model: other.report().model });
  expect(books.ceiling()).toEqual({ calls: 0, reason: 'tokens' });
  now += 30_000;
  expect(books.ceiling()).toEqual({ calls: 9, reason: 'tokens' });
  books.heard(books.report(), { spent: nothing, model: null });
  expect(books.ceiling()).toEqual({ calls: 9, reason: 'tokens' });
});

test('what is left of the account comes back with time, though nobody says so', () => {
  expect(books.allowances).toBe(null);
  books.limitsTold({ tokens: limitOf(100_000, 0, 60), requests: limitOf(500, 400) });
  expect(books.allowances?.tokens).toEqual({ limit: 100_000, left: 0 });
  now += 30_000;
  expect(books.allowances?.tokens).toEqual({ limit: 100_000, left: 50_000 });
  now += 90_000;
  expect(books.allowances).toEqual({ tokens: { limit: 100_000, left: 100_000 }, requests: { limit: 500, left: 500 } });
});

test('an answer that names no limit is none; a carrier that bears fewer calls is the ceiling', () => {
  books = createBooks({ carrierCallsMax: 5 });
  books.limitsTold({ tokens: null, requests: null });
  expect(books.report().model).toBe(null);
  expect(books.ceiling()).toEqual({ calls: 5, reason: 'carrier' });
});
