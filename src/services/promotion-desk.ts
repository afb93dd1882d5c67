import type { EntityManager } from 'typeorm';
import { type Promotion, PromotionEntity } from '../../entities/promotion.ts';
import type { Who } from './audit.ts';
import type { PromotionDraft } from './promotion-draft.ts';
import { localMinute } from './promotions.ts';
import type { DeskDeps } from './voicemail-desk.ts';
import { slugOf } from './words.ts';

const LISTED_MAX = 200;
const SLUG_CHARS_MAX = 60;
const SLUG_TRIES_MAX = 100;

/** Where a promotion stands on the store's clock. */
export type PromotionStage = 'running' | 'coming' | 'over';

/** What came of a change; `stale` tells what it is now, `begun` that only what has not begun can be deleted. */
export type PromotionChanged =
  | { kind: 'changed'; promotion: Promotion }
  | { kind: 'stale'; promotion: Promotion }
  | { kind: 'gone' | 'begun' };

export interface SeenPromotion {
  id: number;
  version: number;
}

/** Promotions for those who plan them. Every method rejects as the database does; every change is audited with it. */
export interface PromotionDesk {
  /** The latest first. */
  list(): Promise<Promotion[]>;
  promotion(id: number): Promise<Promotion | null>;
  create(draft: PromotionDraft, who: Who): Promise<Promotion>;
  change(seen: SeenPromotion, draft: Partial<PromotionDraft>, who: Who): Promise<PromotionChanged>;
  /** One that has begun stays: its figures name it. `local`: now, on the store's clock. */
  remove(seen: SeenPromotion, local: string, who: Who): Promise<PromotionChanged>;
}

export function stageOf(
  { startsLocal, endsLocal }: Pick<Promotion, 'startsLocal' | 'endsLocal'>,
  local: string,
): PromotionStage {
  if (local < startsLocal) return 'coming';
  return local < endsLocal ? 'running' : 'over';
}

export function stageAt(promotion: Promotion, now: number, timeZone: string): PromotionStage {
  return stageOf(promotion, localMinute(now, timeZone));
}

async function freeSlug(manager: EntityManager, name: string): Promise<string> {
  const wanted = slugOf(name).slice(0, SLUG_CHARS_MAX) || 'promotion';
  for (let tries = 1; tries <= SLUG_TRIES_MAX; tries += 1) {
    const slug = tries === 1 ? wanted : `${wanted}-${tries}`;
    if (!(await manager.existsBy(PromotionEntity, { slug }))) return slug;
  }
  throw new RangeError('too many promotions have this name');
}

async function unchanged(manager: EntityManager, { id }: SeenPromotion): Promise<PromotionChanged> {
  const promotion = await manager.findOneBy(PromotionEntity, { id });
  return promotion ? { kind: 'stale', promotion } : { kind: 'gone' };
}

export function createPromotionDesk({ dataSource, audit }: DeskDeps): PromotionDesk {
  const rows = dataSource.getRepository(PromotionEntity);
  return {
    list: () => rows.find({ order: { startsLocal: 'DESC', id: 'DESC' }, take: LISTED_MAX }),

    promotion: (id) => rows.findOneBy({ id }),

    create: (draft, who) =>
      dataSource.transaction(async (manager) => {
        const slug = await freeSlug(manager, draft.name);
        await manager.insert(PromotionEntity, { ...draft, slug, changedBy: who.name, changedAt: new Date() });
        await audit.note({ who, action: 'promotion.made', subject: slug }, manager);
        return await manager.findOneByOrFail(PromotionEntity, { slug });
      }),

    change: ({ id, version }, draft, who) =>
      dataSource.transaction(async (manager) => {
        const values = { ...draft, changedBy: who.name, changedAt: new Date(), version: version + 1 };
        const { affected } = await manager.update(PromotionEntity, { id, version }, values);
        if (affected !== 1) return await unchanged(manager, { id, version });
        const promotion = await manager.findOneByOrFail(PromotionEntity, { id });
        const detail = { fields: Object.keys(draft) };
        await audit.note({ who, action: 'promotion.changed', subject: promotion.slug, detail }, manager);
        return { kind: 'changed', promotion };
      }),

    remove: ({ id, version }, local, who) =>
      dataSource.transaction(async (manager) => {
        const promotion = await manager.findOneBy(PromotionEntity, { id });
        if (promotion?.version !== version) return await unchanged(manager, { id, version });
        const { affected } = await manager
          .createQueryBuilder()
          .delete()
          .from(PromotionEntity)
          .where('id = :id AND version = :version AND starts_local > :local', { id, version, local })
          .execute();
        if (affected !== 1) return { kind: 'begun' };
        await audit.note({ who, action: 'promotion.deleted', subject: promotion.slug }, manager);
        return { kind: 'changed', promotion };
      }),
  };
}
