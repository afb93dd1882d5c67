import { EntitySchema } from 'typeorm';
import type { MenuItem } from './menu-item.ts';

export interface ProductSize {
  id: number;
  itemId: number;
  name: string;
  /** US dollars, exact, as text with two decimals: `'4.50'`. */
  price: string;
  sortOrder: number;
  /** Not to be had for now. */
  soldOut: boolean;
  item: MenuItem;
}

export const ProductSizeEntity = new EntitySchema<ProductSize>({
  name: 'ProductSize',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    itemId: { type: 'integer' },
    name: { type: 'text' },
    price: { type: 'numeric', precision: 8, scale: 2 },
    sortOrder: { type: 'integer', default: 0 },
    soldOut: { type: 'boolean', default: false },
  },
  relations: {
    item: {
      type: 'many-to-one',
      target: 'MenuItem',
      inverseSide: 'sizes',
      joinColumn: { name: 'item_id' },
      nullable: false,
      onDelete: 'CASCADE',
    },
  },
  uniques: [{ columns: ['itemId', 'name'] }],
  checks: [{ name: 'product_size_price_check', expression: 'price >= 0' }],
});
