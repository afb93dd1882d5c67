import { EntitySchema } from 'typeorm';
import type { MenuItem } from './menu-item.ts';

/** Something a caller may have changed or added: another milk, a syrup, a shot. */
export interface ProductModifier {
  id: number;
  itemId: number;
  /** What kind of choice it is: `milk`, `syrup`, `shot`, `topping`, `bread`. */
  kind: string;
  name: string;
  /** US dollars on top of the size's price, exact, as text: `'0.75'`; `'0.00'` is free. */
  price: string;
  sortOrder: number;
  /** Not to be had for now. */
  soldOut: boolean;
  item: MenuItem;
}

export const ProductModifierEntity = new EntitySchema<ProductModifier>({
  name: 'ProductModifier',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    itemId: { type: 'integer' },
    kind: { type: 'text' },
    name: { type: 'text' },
    price: { type: 'numeric', precision: 8, scale: 2 },
    sortOrder: { type: 'integer', default: 0 },
    soldOut: { type: 'boolean', default: false },
  },
  relations: {
    item: {
      type: 'many-to-one',
      target: 'MenuItem',
      inverseSide: 'modifiers',
      joinColumn: { name: 'item_id' },
      nullable: false,
      onDelete: 'CASCADE',
    },
  },
  uniques: [{ columns: ['itemId', 'name'] }],
  checks: [{ name: 'product_modifier_price_check', expression: 'price >= 0' }],
});
