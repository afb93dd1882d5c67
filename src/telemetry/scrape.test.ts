import { Counter, Gauge, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { HotHistogram } from './hot-histogram.ts';
import { scrape } from './scrape.ts';

const metricsMade = 20;

function filled(): Registry {
  const registry = new Registry();
  for (let i = 0; i < metricsMade; i++)
    new Gauge({ name: `gauge_${i}`, help: 'A gauge', labelNames: ['state'], registers: [registry] }).set(
      { state: 'a "b"' },
      i,
    );
  new Counter({ name: 'events_total', help: 'A counter', registers: [registry] }).inc(3);
  new HotHistogram({ name: 'seconds', help: 'Hot', buckets: [0.1, 1], registry }).observe(0.5);
  return registry;
}

/** How often other work came in between. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
}

test('the text is that of the registry', async () => {
  const registry = filled();
  expect(await scrape(registry)).toBe(await registry.metrics());
});

test('other work comes in between when it takes long, and need not when it does not', async () => {
  const registry = filled();
  let clock = 0;
  expect(await turnsDuring(() => scrape(registry, () => clock++))).toBeGreaterThanOrEqual(metricsMade);
  expect(await turnsDuring(() => scrape(registry, () => 0))).toBeLessThanOrEqual(1);
});
