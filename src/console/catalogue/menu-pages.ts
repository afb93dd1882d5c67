import { MenuCategoryEntity } from '../../../entities/menu-category.ts';
import { MenuItemEntity, type MenuItem } from '../../../entities/menu-item.ts';
import { ProductModifierEntity } from '../../../entities/product-modifier.ts';
import { categoryKind, itemKind, itemsIn } from '../../services/catalogue/menu-kinds.ts';
import { priceRange } from '../../services/money.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { mayAct } from '../roles.ts';
import { areaRoutes, type Area } from './area.ts';
import { categorySections, itemSections } from './layouts.ts';
import type { CatalogueDeps } from './port.ts';

const HOME = '/admin/menu';
const ITEMS_MAX = 2_000;
const NAME_CHARS_MAX = 80;

const itemArea: Area = {
  kind: itemKind,
  path: `${HOME}/item`,
  home: HOME,
  homeLabel: 'Menu',
  role: 'supervisor',
  deleteQuestion: 'Delete this item? To pause it, say that it is sold out.',
  heading: (form, key) => (key === null ? 'New item' : (form.get('name') ?? 'Item')),
  sections: itemSections,
  fresh: ({ search }) => new URLSearchParams({ isActive: 'on', categoryId: search.get('category') ?? '' }),
};

const categoryArea: Area = {
  kind: categoryKind,
  path: `${HOME}/category`,
  home: HOME,
  homeLabel: 'Menu',
  role: 'supervisor',
  deleteQuestion: 'Delete this category?',
  heading: (form, key) => (key === null ? 'New category' : (form.get('name') ?? 'Category')),
  sections: () => Promise.resolve(categorySections),
  async holds(dataSource, key) {
    const items = await itemsIn(dataSource.manager, key);
    if (items === 0) return null;
    return `Not deleted: ${items} ${items === 1 ? 'item stands' : 'items stand'} in it. Move or delete them first.`;
  },
};

export function menuRoutes(deps: CatalogueDeps): PageRoute[] {
  const { dataSource, editor } = deps;

  async function list(request: PageRequest): Promise<ConsoleResponse> {
    const order = { sortOrder: 'ASC', id: 'ASC' } as const;
    const [categories, items] = await Promise.all([
      dataSource.getRepository(MenuCategoryEntity).find({ order }),
      dataSource
        .getRepository(MenuItemEntity)
        .find({ order, relations: { sizes: true, modifiers: true }, relationLoadStrategy: 'query', take: ITEMS_MAX }),
    ]);
    const data = {
      mayEdit: mayAct(request.who.role, itemArea.role),
      soldOut: items.filter(({ isActive, soldOut }) => isActive && soldOut).map(({ name }) => name),
      categories: categories.map(({ id, name, description }) => ({
        name,
        description,
        path: `${HOME}/category/${id}`,
        newItem: `${HOME}/item/new?category=${id}`,
        items: items.filter(({ categoryId }) => categoryId === id).map(shown),
      })),
      choices: choicesOf(items),
    };
    return page(request, 'catalogue/menu', data);
  }

  /** One click: said of the item whatever else somebody edits in it. */
  async function markItem(request: PageRequest): Promise<ConsoleResponse> {
    const key = request.form.get('item') ?? '';
    const soldOut = request.form.get('soldOut') === 'on';
    const done = await editor.together(async (manager) => {
      const content = await itemKind.read(manager, key);
      if (!content) return null;
      const act = { who: request.who, verb: soldOut ? 'soldOut' : 'toBeHad', manager };
      if (content['soldOut'] !== soldOut) await editor.put(itemKind, key, { ...content, soldOut }, act);
      return itemKind.title(content);
    });
    if (done === null) return nothingHere(request);
    return saved(
      HOME,
      soldOut ? `“${done}” is sold out. Calls are told.` : `“${done}” can be had again. Calls are told.`,
    );
  }

  /** A choice that many items have, such as oat milk, in all of them at once. */
  async function markChoice(request: PageRequest): Promise<ConsoleResponse> {
    const name = (request.form.get('choice') ?? '').slice(0, NAME_CHARS_MAX);
    const soldOut = request.form.get('soldOut') === 'on';
    const count = await editor.together(async (manager) => {
      const rows = await manager.getRepository(ProductModifierEntity).findBy({ name, soldOut: !soldOut });
      for (const key of new Set(rows.map(({ itemId }) => String(itemId)))) {
        const content = await itemKind.read(manager, key);
        if (!content) continue;
        const modifiers = (content['modifiers'] as { name: string }[]).map((each) =>
          each.name === name ? { ...each, soldOut } : each,
        );
        const act = { who: request.who, verb: soldOut ? 'soldOut' : 'toBeHad', manager };
        await editor.put(itemKind, key, { ...content, modifiers }, act);
      }
      return rows.length;
    });
    const where = count === 1 ? 'one item' : `${count} items`;
    return saved(HOME, `“${name}” ${soldOut ? 'is sold out' : 'can be had again'} with ${where}. Calls are told.`);
  }

  return [
    { method: 'GET', path: HOME, role: 'viewer', handler: list },
    { method: 'POST', path: `${HOME}/sold-out`, role: 'supervisor', handler: markItem },
    { method: 'POST', path: `${HOME}/choice-sold-out`, role: 'supervisor', handler: markChoice },
    ...areaRoutes(itemArea, deps),
    ...areaRoutes(categoryArea, deps),
  ];
}

function shown({ id, name, description, isActive, soldOut, sizes, modifiers }: MenuItem) {
  return {
    id,
    name,
    description,
    isActive,
    soldOut,
    price: priceRange(sizes.map(({ price }) => price)),
    out: [...sizes, ...modifiers].filter((each) => each.soldOut).map((each) => each.name),
    path: `${HOME}/item/${id}`,
  };
}

/** What several items have, by name. */
function choicesOf(items: readonly MenuItem[]) {
  const all = items.filter(({ isActive }) => isActive).flatMap(({ modifiers }) => modifiers);
  return [...Map.groupBy(all, ({ name }) => name)]
    .map(([name, rows]) => ({
      name,
      kind: rows[0]?.kind ?? '',
      items: rows.length,
      soldOut: rows.filter(({ soldOut }) => soldOut).length,
    }))
    .filter(({ items: count }) => count > 1)
    .toSorted((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name) : a.kind.localeCompare(b.kind)));
}
