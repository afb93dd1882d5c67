import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeMetrics, syntheticMetrics } from './metric-names.ts';
import type { MetricSpec } from './metric-spec.ts';
import { createBook, createMetrics } from './metrics.ts';
import { createSyntheticCheck } from './synthetic-sid.ts';

const root = join(import.meta.dirname, '../..');
const sources = globSync('src/**/*.ts', { cwd: root })
  .filter((path) => !/\.(test|fixture)\.ts$|metric-names\.ts$/.test(path))
  .map((path) => readFileSync(join(root, path), 'utf8'));
const table: [string, MetricSpec][] = Object.entries({ ...nodeMetrics, ...syntheticMetrics });
/** A node's series at most, whatever calls it carries. */
const seriesMax = 2_000;

/** `metrics.name.set(…)`, or taken out of the metrics first and then used. */
function isCounted(key: string): boolean {
  const used = new RegExp(String.raw`\b${key}(\[\w+\]|\.\w+)*\.(inc|set|add|observe|of|tell|reach|reset)\(`);
  const perValue = new RegExp(String.raw`\b${key}(\.\w+|\[\w+\])\.(add|observe)\(`);
  const chosen = new RegExp(String.raw`metrics\.${key}\b`);
  return sources.some((text) => used.test(text) || perValue.test(text) || chosen.test(text));
}

test('the search finds what is there, and not what is not', () => {
  expect([isCounted('callsEnded'), isCounted('spliceSeconds'), isCounted('neverMade')]).toEqual([true, true, false]);
});

test.each(table)('%s is counted somewhere', (key) => {
  expect(isCounted(key)).toBe(true);
});

test.each(table)('%s has a name, a unit and words that fit together', (_, spec) => {
  const { type, name, unit, help, labels, buckets } = spec;
  expect(name).toMatch(/^aida_[a-z0-9_]+$/);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  for (const part of ['seconds', 'bytes', 'ratio'] as const)
    if (new RegExp(`_${part}(_total)?$`).test(name)) expect(unit).toBe(part);
  expect(help).toMatch(/^[\w"'].*[^.]$/);
  expect(buckets.length > 0).toBe(type === 'histogram');
  expect([...buckets].toSorted((a, b) => a - b)).toEqual([...buckets]);
  if (type !== 'info') for (const values of Object.values(labels)) expect(new Set(values).size).toBe(values.length);
});

test('no name stands twice', () => {
  const names = table.map(([, { name }]) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('a node has no more series than this, whatever it is told', async () => {
  const metrics = createMetrics();
  for (let call = 0; call < 5_000; call++) {
    metrics.callsLive.inc({ state: `made up ${call}` });
    metrics.webhooks.inc({ route: `/voice/${call}`, status: call });
    metrics.modelErrors.inc({ code: `code_${call}` });
    metrics.toolSeconds.of({ tool: `tool_${call}` }).observe(1);
  }
  const lines = (await metrics.scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.length).toBeLessThanOrEqual(seriesMax);
  expect(lines).toContain('aida_calls_live{state="other"} 5000');
});

test('a process of another kind has its own metrics alone', async () => {
  const text = await createBook(syntheticMetrics).scrape();
  expect(text).toContain('aida_synthetic_calls_total{result="ok"} 0');
  expect(text).not.toContain('aida_calls_live');
  expect(createSyntheticCheck([])(`CA${'0'.repeat(32)}`)).toBe(false);
});
