import { EntitySchema } from 'typeorm';
import type { MenuItem } from './menu-item.ts';

export interface MenuCategory {
  id: number;
  slug: string;
  name: string;
  description: string | null;
  sortOrder: number;
  items: MenuItem[];
}

export const MenuCategoryEntity = new EntitySchema<MenuCategory>({
  name: 'MenuCategory',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    slug: { type: 'text', unique: true },
    name: { type: 'text' },
    description: { type: 'text', nullable: true },
    sortOrder: { type: 'integer', default: 0 },
  },
  relations: {
    items: { type: 'one-to-many', target: 'MenuItem', inverseSide: 'category' },
  },
});
