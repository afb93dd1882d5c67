import { EntitySchema } from 'typeorm';
import type { MenuCategory } from './menu-category.ts';
import type { ProductModifier } from './product-modifier.ts';
import type { ProductSize } from './product-size.ts';

export interface MenuItem {
  id: number;
  categoryId: number;
  slug: string;
  name: string;
  description: string | null;
  /** False: never offered to a caller. */
  isActive: boolean;
  /** Not to be had for now: callers who ask are told so. */
  soldOut: boolean;
  sortOrder: number;
  category: MenuCategory;
  sizes: ProductSize[];
  modifiers: ProductModifier[];
}

export const MenuItemEntity = new EntitySchema<MenuItem>({
  name: 'MenuItem',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    categoryId: { type: 'integer' },
    slug: { type: 'text', unique: true },
    name: { type: 'text' },
    description: { type: 'text', nullable: true },
    isActive: { type: 'boolean', default: true },
    soldOut: { type: 'boolean', default: false },
    sortOrder: { type: 'integer', default: 0 },
  },
  relations: {
    category: {
      type: 'many-to-one',
      target: 'MenuCategory',
      inverseSide: 'items',
      joinColumn: { name: 'category_id' },
      nullable: false,
      onDelete: 'CASCADE',
    },
    sizes: { type: 'one-to-many', target: 'ProductSize', inverseSide: 'item' },
    modifiers: { type: 'one-to-many', target: 'ProductModifier', inverseSide: 'item' },
  },
  indices: [{ columns: ['categoryId'] }],
});
