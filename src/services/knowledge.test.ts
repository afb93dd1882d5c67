import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pumpkinWeeks, smallCatalog } from './catalog.fixture.ts';
import { rankTexts } from './knowledge-ranking.ts';
import { createKnowledge } from './knowledge.ts';
import { promotionTexts } from './promotions.ts';

const known = { documents: smallCatalog.documents, promotions: promotionTexts([pumpkinWeeks]) };
const best = (question: string) => rankTexts(smallCatalog.documents, question)[0]?.text.title ?? null;

describe('ranking in memory', () => {
  test('a document that is one long word is read at once', () => {
    const text = { title: 'Code', category: '', question: '', body: 'a'.repeat(100_000) };
    expect(rankTexts([text], 'which code')).toMatchObject([{ text }]);
  });

  test.each([
    ['where can I park my car', 'Parking'],
    ['is there any parkng', 'Parking'],
    ['are dogs allowed inside', 'Dogs'],
    ['wi-fi password', 'Wi-Fi'],
    ['WIFI', 'Wi-Fi'],
    ['something without gluten please', 'Gluten-free food'],
  ])('%s', (question, title) => {
    expect(best(question)).toBe(title);
  });

  test.each(['do you sell helicopters', '', 'what is the', "'; DROP TABLE knowledge_document; --", '🐶'])(
    'nothing for %j',
    (question) => {
      expect(best(question)).toBeNull();
    },
  );
});

describe('knowledge search', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function search(query: () => Promise<unknown>) {
    const warnings: string[] = [];
    const queries = vi.fn(query);
    const log = { warn: (_: unknown, message: string) => void warnings.push(message) };
    // Only `query` is used, and its result type is chosen by the caller.
    const knowledge = createKnowledge({ query: queries as never }, { now: () => Date.now(), log: log as never });
    return { knowledge, queries, warnings };
  }

  test('a database that fails is replaced by memory at once, with the titles of the sources', async () => {
    const { knowledge, warnings } = search(() => Promise.reject(new Error('ECONNREFUSED')));
    expect(await knowledge.search('where can I park', known)).toEqual({
      hits: [{ source: 'Parking', category: 'visit', answer: 'Behind the store, free for two hours.' }],
      from: 'memory',
    });
    expect(warnings).toEqual(['knowledge search failed; answering from memory']);
  });

  test('one that does not answer is waited for 1.5 s, and not again for the next 5 s', async () => {
    const { knowledge, queries } = search(() => new Promise(() => {}));
    const first = knowledge.search('where can I park', known);
    await vi.advanceTimersByTimeAsync(1_499);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await first).from).toBe('memory');
    expect((await knowledge.search('dogs', known)).hits[0]?.source).toBe('Dogs');
    expect(queries).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5_000);
    void knowledge.search('dogs', known);
    expect(queries).toHaveBeenCalledTimes(2);
  });

  test('running promotions and their questions come before documents', async () => {
    const { knowledge } = search(() => Promise.resolve([]));
    const { hits } = await knowledge.search('do you have any deals', known);
    expect(hits.map(({ source, category }) => [source, category])).toEqual([['Pumpkin Weeks', 'promotion']]);
    expect((await knowledge.search('combine with a gift card', known)).hits[0]?.answer).toBe(
      'Yes, gift cards are welcome.',
    );
  });

  test('what the database does not find may be found in memory', async () => {
    const { knowledge, queries } = search(() => Promise.resolve([]));
    expect(
      await knowledge.search('wifi', {
        documents: [{ category: 'x', title: 'Wi-Fi', question: '', body: 'Free.' }],
        promotions: [],
      }),
    ).toEqual({
      hits: [{ source: 'Wi-Fi', category: 'x', answer: 'Free.' }],
      from: 'database',
    });
    expect(queries).toHaveBeenCalledTimes(2);
  });

  test('a question without meaning asks nobody', async () => {
    const { knowledge, queries } = search(() => Promise.resolve([]));
    expect(await knowledge.search('what is the', known)).toEqual({ hits: [], from: 'memory' });
    expect(queries).not.toHaveBeenCalled();
  });

  test('a long document is cut at a word', async () => {
    const { knowledge } = search(() =>
      Promise.resolve([{ title: 'Long', category: 'x', question: '', body: 'word '.repeat(1_000) }]),
    );
    const answer = (await knowledge.search('long', known)).hits[0]?.answer ?? '';
    expect(answer.length).toBeLessThanOrEqual(702);
    expect(answer.endsWith('word …')).toBe(true);
  });
});

test('of a long document the passage that speaks of the question is given, not its beginning', async () => {
  const filler = Array.from({ length: 2_000 }, (_, index) => `Line ${index} is about the weather.`);
  filler[1_500] = 'Oat milk comes from a farm in Maine.';
  const long = { category: 'beans', title: 'The long book', question: '', body: filler.join('\n') };
  const { hits } = await createKnowledge({ query: () => Promise.resolve([long]) } as never, {
    now: () => 0,
    log: { warn() {} },
  }).search('where does your oat milk come from', { documents: [], promotions: [] });
  expect(hits[0]?.answer).toMatch(/^… Oat milk comes from a farm in Maine\.\nLine 1501/);
  expect(hits[0]?.answer.length).toBeLessThanOrEqual(706);
});
