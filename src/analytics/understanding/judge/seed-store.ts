import { knowledge } from '../../../../entities/seed/knowledge.ts';
import { menu } from '../../../../entities/seed/menu.ts';
import { slugOf } from '../../../../entities/seed/slug.ts';
import { plans, promotions, settings } from '../../../../entities/seed/store.ts';
import type { CallSpan } from '../../about-promotion.ts';
import { localMinute } from '../../../services/promotions.ts';
import { namedWords, type StoreWords } from '../store-words.ts';

/** The store that the committed sets are about, at a time when its promotion runs. */
const AT = Date.parse('2026-11-22T17:00:00Z');

/** As the rows of the seed have it. */
export function seedStore(): StoreWords {
  const items = menu.flatMap((category) => category.items).filter(({ isActive }) => isActive !== false);
  return {
    languages: settings.languages,
    products: namedWords(
      items.map(({ name }) => ({ slug: slugOf(name), name })),
      items.flatMap(({ modifiers }) => modifiers.map(({ name }) => name)),
    ),
    plans: plans.map(({ name }) => name),
    promotions: promotions(AT),
    questions: knowledge.map(({ question }) => question),
  };
}

export function seedSpan(): CallSpan {
  const minute = localMinute(AT, settings.timeZone);
  return { startLocal: minute, endLocal: minute };
}
