import type { DataSource, EntityManager } from 'typeorm';
import { ConsentRegionEntity } from '../consent-region.ts';
import { KnowledgeDocumentEntity } from '../knowledge-document.ts';
import { MenuCategoryEntity } from '../menu-category.ts';
import { MenuItemEntity } from '../menu-item.ts';
import { ProductModifierEntity } from '../product-modifier.ts';
import { ProductSizeEntity } from '../product-size.ts';
import { PromotionEntity } from '../promotion.ts';
import { StoreHoursExceptionEntity } from '../store-hours-exception.ts';
import { StoreHoursEntity } from '../store-hours.ts';
import { StoreSettingsEntity } from '../store-settings.ts';
import { SubscriptionPlanEntity } from '../subscription-plan.ts';
import { consentRegions } from './consent-regions.ts';
import { knowledge } from './knowledge.ts';
import { menu } from './menu.ts';
import { slugOf } from './slug.ts';
import { exceptions, hours, plans, promotions, settings } from './store.ts';

/**
 * Fills the database with Mangy Dog Coffee as of `at`, ms: its promotion runs then. May be repeated: rows are found
 * by their natural keys and written anew, no others are touched.
 */
export async function seed(source: DataSource, at: number): Promise<void> {
  await source.transaction(async (manager) => {
    await manager.upsert(StoreSettingsEntity, settings, ['id']);
    await manager.upsert(ConsentRegionEntity, [...consentRegions], ['prefix']);
    await manager.upsert(StoreHoursEntity, hours, ['dayOfWeek']);
    await manager.upsert(StoreHoursExceptionEntity, exceptions(at), ['date']);
    await manager.upsert(SubscriptionPlanEntity, plans, ['slug']);
    await manager.upsert(PromotionEntity, promotions(at), ['slug']);
    const updatedAt = new Date(at);
    const documents = knowledge.map((each, sortOrder) => ({ ...each, slug: slugOf(each.title), sortOrder, updatedAt }));
    await manager.upsert(KnowledgeDocumentEntity, documents, ['slug']);
    await seedMenu(manager);
  });
}

async function seedMenu(manager: EntityManager): Promise<void> {
  const categories = menu.map(({ slug, name, description }, sortOrder) => ({ slug, name, description, sortOrder }));
  await manager.upsert(MenuCategoryEntity, categories, ['slug']);
  const categoryIds = new Map((await manager.find(MenuCategoryEntity)).map(({ slug, id }) => [slug, id]));
  const items = menu.flatMap((category) =>
    category.items.map((item, sortOrder) => ({
      categoryId: categoryIds.get(category.slug) ?? 0,
      slug: slugOf(item.name),
      name: item.name,
      description: item.description,
      isActive: item.isActive ?? true,
      sortOrder,
    })),
  );
  await manager.upsert(MenuItemEntity, items, ['slug']);
  const itemIds = new Map((await manager.find(MenuItemEntity)).map(({ slug, id }) => [slug, id]));
  const idOf = (item: { name: string }) => itemIds.get(slugOf(item.name)) ?? 0;
  const all = menu.flatMap(({ items: each }) => each);
  const sizes = all.flatMap((item) =>
    item.sizes.map(([name, price], sortOrder) => ({ itemId: idOf(item), name, price, sortOrder })),
  );
  const modifiers = all.flatMap((item) =>
    item.modifiers.map((each, sortOrder) => ({ ...each, itemId: idOf(item), sortOrder })),
  );
  await manager.upsert(ProductSizeEntity, sizes, ['itemId', 'name']);
  await manager.upsert(ProductModifierEntity, modifiers, ['itemId', 'name']);
}
