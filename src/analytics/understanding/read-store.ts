import type { EntityManager } from 'typeorm';
import { isTimeZone } from '../../services/local-time.ts';
import { isLocalMinute, storeDefaults } from '../../services/store-check.ts';
import { type KnownPromotion, namedWords, type StoreWords } from './store-words.ts';

/** Promotions that a store ever had: the newest. */
const PROMOTIONS_MAX = 200;
const ROWS_MAX = 2_000;

export interface StoreOfCalls {
  words: StoreWords;
  /** Of the clock on its wall. */
  timeZone: string;
}

interface Rows {
  items: { slug: string; name: string }[];
  choices: string[];
  plans: string[];
  questions: string[];
  promotions: KnownPromotion[];
  timeZone: string | null;
  languages: string[] | null;
}

/** What a store calls its things, as its rows have it now. */
export async function readStore(manager: EntityManager): Promise<StoreOfCalls> {
  const [found] = await manager.query<{ rows: Rows }[]>(ROWS);
  if (!found) throw new Error('the store could not be read');
  const { items, choices, plans, questions, promotions, timeZone, languages } = found.rows;
  return {
    words: {
      languages: languages ?? ['en'],
      products: namedWords(items, choices),
      plans,
      promotions: promotions.filter(
        ({ startsLocal, endsLocal }) => isLocalMinute(startsLocal) && isLocalMinute(endsLocal),
      ),
      questions,
    },
    timeZone: timeZone !== null && isTimeZone(timeZone) ? timeZone : storeDefaults.timeZone,
  };
}

const all = (what: string, from: string): string =>
  `(SELECT coalesce(jsonb_agg(${what}), '[]') FROM (${from} LIMIT ${ROWS_MAX}) AS each)`;

/** One question for all of it: calls end all the time. */
const ROWS = `
  SELECT jsonb_build_object(
    'items', ${all(`jsonb_build_object('slug', slug, 'name', name)`, 'SELECT * FROM menu_item WHERE is_active ORDER BY id')},
    'choices', ${all('name', 'SELECT DISTINCT name FROM product_modifier ORDER BY name')},
    'plans', ${all('name', 'SELECT name FROM subscription_plan ORDER BY id')},
    'questions', ${all('question', 'SELECT question FROM knowledge_document ORDER BY id')},
    'promotions', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('slug', slug, 'name', name, 'code', code, 'questions', questions,
        'startsLocal', starts_local, 'endsLocal', ends_local)), '[]')
      FROM (SELECT * FROM promotion ORDER BY ends_local DESC, id LIMIT ${PROMOTIONS_MAX}) AS each
    ),
    'timeZone', (SELECT time_zone FROM store_settings WHERE id = 1),
    'languages', (SELECT to_jsonb(languages) FROM store_settings WHERE id = 1)
  ) AS rows`;
