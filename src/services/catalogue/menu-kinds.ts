import { type EntityManager, In, Not } from 'typeorm';
import { z } from 'zod';
import { MenuCategoryEntity } from '../../../entities/menu-category.ts';
import { MenuItemEntity } from '../../../entities/menu-item.ts';
import { ProductModifierEntity } from '../../../entities/product-modifier.ts';
import { ProductSizeEntity } from '../../../entities/product-size.ts';
import { slugOf } from '../words.ts';
import { block, box, line, orNull, price, slug, whole } from './fields.ts';
import type { Problems } from './form.ts';
import { idOf } from './knowledge-kind.ts';
import { defineKind } from './kind.ts';

const NAME_CHARS_MAX = 80;
const DESCRIPTION_CHARS_MAX = 600;
const CHOICES_MAX = 40;
const ITEMS_MAX = 2_000;

const description = orNull(block({ max: DESCRIPTION_CHARS_MAX }));
const sortOrder = whole(0, 1_000_000).catch(0);

const categorySchema = z
  .object({
    name: line({ max: NAME_CHARS_MAX, required: 'A category has a name.' }),
    description,
    slug,
    sortOrder,
  })
  .transform((content) => ({ ...content, slug: content.slug || slugOf(content.name) }));

type CategoryContent = z.output<typeof categorySchema>;

export const categoryKind = defineKind<CategoryContent>({
  name: 'menu.category',
  noun: 'the category',
  lists: [],
  schema: categorySchema,
  labels: { name: 'Name', description: 'Description', slug: 'Short name', sortOrder: 'Position' },
  title: ({ name }) => name,
  async read(manager, key) {
    const row = await manager.getRepository(MenuCategoryEntity).findOneBy({ id: idOf(key) });
    return row && { name: row.name, description: row.description, slug: row.slug, sortOrder: row.sortOrder };
  },
  async check(manager, { slug: wanted }, key) {
    if (wanted === '') return { name: 'The name needs a letter or a digit.' };
    const taken = await manager.getRepository(MenuCategoryEntity).findOneBy({ slug: wanted, id: Not(idOf(key ?? '')) });
    return taken ? { slug: `The category “${taken.name}” has this short name.` } : {};
  },
  async write(manager, key, content) {
    const rows = manager.getRepository(MenuCategoryEntity);
    if (key !== null) {
      await rows.update({ id: idOf(key) }, content);
      return key;
    }
    return String((await rows.insert(content)).identifiers[0]?.['id']);
  },
  async remove(manager, key) {
    await manager.getRepository(MenuCategoryEntity).delete({ id: idOf(key) });
  },
});

/** A category with items is not deleted with them by one click. */
export async function itemsIn(manager: EntityManager, categoryKey: string): Promise<number> {
  return await manager.getRepository(MenuItemEntity).countBy({ categoryId: idOf(categoryKey) });
}

const choiceName = line({ max: NAME_CHARS_MAX, required: 'A name is missing.' });
const itemSchema = z
  .object({
    categoryId: z
      .string()
      .default('')
      .transform((text) => idOf(text)),
    name: line({ max: NAME_CHARS_MAX, required: 'An item has a name, as callers say it.' }),
    description,
    slug,
    sortOrder,
    isActive: box,
    soldOut: box,
    sizes: z.array(z.object({ name: choiceName, price, soldOut: box })).max(CHOICES_MAX),
    modifiers: z
      .array(
        z.object({
          kind: line({ max: 40, required: 'Which kind of choice, as in milk?' }),
          name: choiceName,
          price: z.preprocess((text) => (typeof text === 'string' && text.trim() !== '' ? text : '0'), price),
          soldOut: box,
        }),
      )
      .max(CHOICES_MAX),
  })
  .superRefine(({ sizes, modifiers }, check) => {
    for (const [list, rows] of Object.entries({ sizes, modifiers })) {
      const names = rows.map(({ name }) => name.toLowerCase());
      names.forEach((name, index) => {
        if (names.indexOf(name) < index)
          check.addIssue({ code: 'custom', path: [list, index, 'name'], message: 'This name stands above already.' });
      });
    }
  })
  .transform((content) => ({ ...content, slug: content.slug || slugOf(content.name) }));

export type ItemContent = z.output<typeof itemSchema>;

export const itemKind = defineKind<ItemContent>({
  name: 'menu.item',
  noun: 'the item',
  lists: ['sizes', 'modifiers'],
  schema: itemSchema,
  labels: {
    categoryId: 'Category',
    name: 'Name',
    description: 'Description',
    slug: 'Short name',
    sortOrder: 'Position',
    isActive: 'On the menu',
    soldOut: 'Sold out',
    sizes: 'Sizes',
    modifiers: 'Choices',
  },
  title: ({ name }) => name,
  async read(manager, key) {
    const row = await manager.getRepository(MenuItemEntity).findOne({
      where: { id: idOf(key) },
      relations: { sizes: true, modifiers: true },
      relationLoadStrategy: 'query',
    });
    if (!row) return null;
    const inOrder = (a: { sortOrder: number; id: number }, b: typeof a) => a.sortOrder - b.sortOrder || a.id - b.id;
    return {
      categoryId: row.categoryId,
      name: row.name,
      description: row.description,
      slug: row.slug,
      sortOrder: row.sortOrder,
      isActive: row.isActive,
      soldOut: row.soldOut,
      sizes: row.sizes.toSorted(inOrder).map(({ name, price: amount, soldOut }) => ({ name, price: amount, soldOut })),
      modifiers: row.modifiers
        .toSorted(inOrder)
        .map(({ kind, name, price: amount, soldOut }) => ({ kind, name, price: amount, soldOut })),
    };
  },
  async check(manager, { categoryId, slug: wanted }, key): Promise<Problems> {
    if (wanted === '') return { name: 'The name needs a letter or a digit.' };
    const items = manager.getRepository(MenuItemEntity);
    const taken = await items.findOneBy({ slug: wanted, id: Not(idOf(key ?? '')) });
    if (taken) return { [key === null ? 'name' : 'slug']: `“${taken.name}” has the short name ${wanted} already.` };
    if ((await manager.getRepository(MenuCategoryEntity).countBy({ id: categoryId })) === 0)
      return { categoryId: 'Choose a category.' };
    if (key === null && (await items.count()) >= ITEMS_MAX) return { form: `A menu has ${ITEMS_MAX} items at most.` };
    return {};
  },
  async write(manager, key, { sizes, modifiers, ...content }) {
    const rows = manager.getRepository(MenuItemEntity);
    let id = idOf(key ?? '');
    if (key === null) id = Number((await rows.insert(content)).identifiers[0]?.['id']);
    else await rows.update({ id }, content);
    await replaceChoices(manager, id, { sizes, modifiers });
    return String(id);
  },
  async remove(manager, key) {
    await manager.getRepository(MenuItemEntity).delete({ id: idOf(key) });
  },
});

/** Rows are found by their names, so that those that stay keep their ids. */
async function replaceChoices(
  manager: EntityManager,
  itemId: number,
  { sizes, modifiers }: Pick<ItemContent, 'sizes' | 'modifiers'>,
): Promise<void> {
  const lists = [
    [ProductSizeEntity, sizes],
    [ProductModifierEntity, modifiers],
  ] as const;
  for (const [entity, rows] of lists) {
    const names = rows.map(({ name }) => name);
    await manager.delete(entity, { itemId, ...(names.length > 0 && { name: Not(In(names)) }) });
    if (rows.length === 0) continue;
    const placed = rows.map((row, order) => ({ ...row, itemId, sortOrder: order }));
    await manager.upsert(entity, placed, ['itemId', 'name']);
  }
}
