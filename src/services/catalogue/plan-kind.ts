import { Not } from 'typeorm';
import { z } from 'zod';
import { SubscriptionPlanEntity } from '../../../entities/subscription-plan.ts';
import { slugOf } from '../words.ts';
import { block, box, line, orNull, price, slug, whole } from './fields.ts';
import { idOf } from './knowledge-kind.ts';
import { defineKind } from './kind.ts';

const NAME_CHARS_MAX = 80;
const DESCRIPTION_CHARS_MAX = 600;

const schema = z
  .object({
    name: line({ max: NAME_CHARS_MAX, required: 'A plan has a name.' }),
    description: orNull(block({ max: DESCRIPTION_CHARS_MAX })),
    slug,
    price,
    interval: z.enum(['week', 'month', 'year'], 'By week, month or year?'),
    intervalCount: whole(1, 52),
    isActive: box,
  })
  .transform((content) => ({ ...content, slug: content.slug || slugOf(content.name) }));

export type PlanContent = z.output<typeof schema>;

export const planKind = defineKind<PlanContent>({
  name: 'subscription',
  noun: 'the plan',
  lists: [],
  schema,
  labels: {
    name: 'Name',
    description: 'Description',
    slug: 'Short name',
    price: 'Price',
    interval: 'Interval',
    intervalCount: 'Every',
    isActive: 'Offered',
  },
  title: ({ name }) => name,
  async read(manager, key) {
    const row = await manager.getRepository(SubscriptionPlanEntity).findOneBy({ id: idOf(key) });
    if (!row) return null;
    const { name, description, slug: short, price: amount, interval, intervalCount, isActive } = row;
    return { name, description, slug: short, price: amount, interval, intervalCount, isActive };
  },
  async check(manager, { slug: wanted }, key) {
    if (wanted === '') return { name: 'The name needs a letter or a digit.' };
    const rows = manager.getRepository(SubscriptionPlanEntity);
    const taken = await rows.findOneBy({ slug: wanted, id: Not(idOf(key ?? '')) });
    return taken ? { [key === null ? 'name' : 'slug']: `The plan “${taken.name}” has this short name.` } : {};
  },
  async write(manager, key, content) {
    const rows = manager.getRepository(SubscriptionPlanEntity);
    if (key !== null) {
      await rows.update({ id: idOf(key) }, content);
      return key;
    }
    return String((await rows.insert(content)).identifiers[0]?.['id']);
  },
  async remove(manager, key) {
    await manager.getRepository(SubscriptionPlanEntity).delete({ id: idOf(key) });
  },
});
