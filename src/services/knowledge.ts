import type { DataSource } from 'typeorm';
import { knowledgeTextSql, knowledgeVectorSql } from '../../entities/knowledge-document.ts';
import type { Log } from '../telemetry/log.ts';
import type { KnowledgeText } from './catalog.ts';
import { within } from './deadline.ts';
import { meaningWords, rankTexts } from './knowledge-ranking.ts';

/** A caller is waiting: later answers are of no use. */
const SEARCH_DEADLINE_MS = 1_500;
/** After a failure memory answers at once for this long, so that callers don't wait for the same deadline again. */
const REST_MS = 5_000;
const HITS_MAX = 3;
const ANSWER_CHARS_MAX = 700;
/** How far before the first word its line or sentence may begin. */
const BEFORE_CHARS_MAX = 200;
/** Places of one word in a long text that are looked at. */
const PLACES_MAX = 40;
/** Share of the question's words that a document must hold to be an answer. */
const COVERAGE_MIN = 0.34;
/** Average likeness of the question's words to a title, as `word_similarity` counts, that still means it. */
const LIKENESS_MIN = 0.42;
/** A promotion goes before the documents if it speaks of this much of the question. */
const PROMOTION_COVERAGE_MIN = 0.6;

export interface KnowledgeHit {
  /** Title of the document that says so. */
  source: string;
  category: string;
  answer: string;
}

export interface KnowledgeAnswer {
  hits: KnowledgeHit[];
  /** `memory`: the database was not asked or did not answer. */
  from: 'database' | 'memory';
}

export interface Knowledge {
  /** Answers at the latest after 1.5 s, from memory if need be. Never rejects. */
  search(
    question: string,
    known: { documents: readonly KnowledgeText[]; promotions: readonly KnowledgeText[] },
  ): Promise<KnowledgeAnswer>;
}

export interface KnowledgeOptions {
  now(): number;
  log: Pick<Log, 'warn'>;
}

const fullTextSql = `
  SELECT title, category, question, body FROM (
    SELECT *, ts_rank(${knowledgeVectorSql}, to_tsquery('english', $1)) AS rank,
      (SELECT count(*) FROM unnest($2::text[]) AS word WHERE ${knowledgeVectorSql} @@ to_tsquery('english', word)) AS covered
    FROM knowledge_document WHERE ${knowledgeVectorSql} @@ to_tsquery('english', $1) AND NOT is_draft
  ) AS found
  WHERE covered >= $3::float8 ORDER BY covered DESC, rank DESC, sort_order, id LIMIT ${HITS_MAX}`;

const trigramSql = `
  SELECT title, category, question, body FROM (
    SELECT *, (SELECT avg(word_similarity(word, ${knowledgeTextSql})) FROM unnest($1::text[]) AS word) AS likeness
    FROM knowledge_document WHERE NOT is_draft
  ) AS found
  WHERE likeness >= ${LIKENESS_MIN} ORDER BY likeness DESC, sort_order, id LIMIT ${HITS_MAX}`;

export function createKnowledge(dataSource: Pick<DataSource, 'query'>, { now, log }: KnowledgeOptions): Knowledge {
  let restingUntil = -Infinity;

  async function fromDatabase(words: string[]): Promise<KnowledgeText[]> {
    // The words are letters and digits only, so they cannot be read as operators.
    const found = await dataSource.query<KnowledgeText[]>(fullTextSql, [
      words.join(' | '),
      words,
      words.length * COVERAGE_MIN,
    ]);
    return found.length > 0 ? found : dataSource.query<KnowledgeText[]>(trigramSql, [words]);
  }

  return {
    async search(question, { documents, promotions }) {
      const words = meaningWords(question);
      if (words.length === 0) return { hits: [], from: 'memory' };
      const promoted = rankTexts(promotions, question)
        .filter(({ coverage }) => coverage >= PROMOTION_COVERAGE_MIN)
        .map(({ text }) => text);
      let found: KnowledgeText[] | null = null;
      if (now() >= restingUntil) {
        try {
          found = await within(SEARCH_DEADLINE_MS, fromDatabase(words));
        } catch (error) {
          restingUntil = now() + REST_MS;
          log.warn({ err: error }, 'knowledge search failed; answering from memory');
        }
      }
      // What is spelled otherwise than any stored word ("wifi") may still be found by our own comparison.
      const remembered = found && found.length > 0 ? [] : rankTexts(documents, question).map(({ text }) => text);
      const texts = [...promoted, ...(found ?? []), ...remembered];
      const hits = texts.slice(0, HITS_MAX).map((text) => hitOf(text, words));
      return { hits, from: found ? 'database' : 'memory' };
    },
  };
}

/** What a document gives the model for words of a question. */
export function hitOf({ title, category, body }: KnowledgeText, words: readonly string[]): KnowledgeHit {
  return { source: title, category, answer: passageOf(body, words) };
}

/** Of a long text the part that holds most of the words. */
function passageOf(body: string, words: readonly string[]): string {
  if (body.length <= ANSWER_CHARS_MAX) return body;
  const start = beginningOf(body, bestPlace(body.toLowerCase(), words));
  const rest = body.slice(start);
  const cut = rest.slice(0, ANSWER_CHARS_MAX);
  const isWhole = rest.length <= ANSWER_CHARS_MAX;
  const text = isWhole ? rest : `${cut.slice(0, Math.max(cut.lastIndexOf(' '), cut.lastIndexOf('\n'), 1))} …`;
  return start === 0 ? text : `… ${text}`;
}

function bestPlace(text: string, words: readonly string[]): number {
  const places = words.flatMap((word) => placesOf(text, word).map((at) => ({ at, word })));
  let best = { at: 0, count: 0 };
  for (const { at } of places.toSorted((a, b) => a.at - b.at)) {
    const near = places.filter((each) => at <= each.at && each.at < at + ANSWER_CHARS_MAX - BEFORE_CHARS_MAX);
    const count = new Set(near.map(({ word }) => word)).size;
    if (count > best.count) best = { at, count };
  }
  return best.at;
}

function placesOf(text: string, word: string): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(word); at >= 0 && places.length < PLACES_MAX; at = text.indexOf(word, at + word.length))
    places.push(at);
  return places;
}

/** Of the line, or of the sentence where lines are long. */
function beginningOf(body: string, at: number): number {
  const before = body.slice(Math.max(0, at - BEFORE_CHARS_MAX), at);
  const line = before.lastIndexOf('\n');
  const sentence = before.search(/[.!?]\s(?!.*[.!?]\s)/s);
  if (line >= 0) return at - before.length + line + 1;
  if (sentence >= 0) return at - before.length + sentence + 2;
  return before.length < BEFORE_CHARS_MAX ? 0 : body.lastIndexOf(' ', at - 1) + 1;
}
