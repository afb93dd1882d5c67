import { z } from 'zod';
import { centsOf, dollars, spokenInterval, spokenPrice } from '../services/money.ts';
import { defineTool, needCatalog } from './tool.ts';

export const getSubscriptionInfo = defineTool({
  name: 'get_subscription_info',
  description:
    'Get information about the coffee subscription options: plans, prices and how often they come, cheapest first.',
  parameters: z.object({}),
  subject: 'the list of subscriptions',
  writes: false,
  deadlineMs: 1_000,
  run(_, services) {
    needCatalog(services);
    return {
      answer: {
        plans: services.subscriptions().map(({ name, description, price, interval, intervalCount }) => ({
          name,
          price: dollars(centsOf(price)),
          spokenPrice: `${spokenPrice(centsOf(price))} ${spokenInterval(intervalCount, interval)}`,
          ...(description ? { description } : {}),
        })),
      },
    };
  },
});
