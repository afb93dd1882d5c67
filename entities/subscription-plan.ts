import { EntitySchema } from 'typeorm';

export interface SubscriptionPlan {
  id: number;
  slug: string;
  name: string;
  description: string | null;
  /** US dollars for each interval, exact, as text: `'18.00'`. */
  price: string;
  /** Billed every `intervalCount` of these. */
  interval: 'week' | 'month' | 'year';
  intervalCount: number;
  isActive: boolean;
}

export const SubscriptionPlanEntity = new EntitySchema<SubscriptionPlan>({
  name: 'SubscriptionPlan',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    slug: { type: 'text', unique: true },
    name: { type: 'text' },
    description: { type: 'text', nullable: true },
    price: { type: 'numeric', precision: 8, scale: 2 },
    interval: { type: 'text' },
    intervalCount: { type: 'integer', default: 1 },
    isActive: { type: 'boolean', default: true },
  },
  checks: [
    { name: 'subscription_plan_price_check', expression: 'price >= 0' },
    {
      name: 'subscription_plan_interval_check',
      expression: `"interval" IN ('week', 'month', 'year') AND interval_count > 0`,
    },
  ],
});
