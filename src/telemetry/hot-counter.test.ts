import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { hotCounter } from './hot-counter.ts';

it('counts apart for every value of its label, and shows those that never came', async () => {
  const registry = new Registry();
  const options = { name: 'aida_things_total', help: 'Things', label: 'kind', values: ['big', 'small'] } as const;
  const things = hotCounter({ ...options, registry });
  things.big.add(2);
  things.big.add(5);
  expect(await registry.metrics()).toBe(
    `# HELP aida_things_total Things\n# TYPE aida_things_total counter\naida_things_total{kind="big"} 7\naida_things_total{kind="small"} 0\n`,
  );
});
