import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { nodeMetrics, syntheticMetrics } from '../../src/telemetry/metric-names.ts';
import type { MetricSpec } from '../../src/telemetry/metric-spec.ts';
import { ruleFiles } from './index.ts';
import { faultsOf, namesOf } from './names.ts';
import { runPart } from './promtool.fixture.ts';
import { rendered, rulesIn } from './render.ts';
import { isAlert } from './rule.ts';
import { realTime, scaleOf } from './scale.ts';

const specs: readonly MetricSpec[] = [...Object.values(nodeMetrics), ...Object.values(syntheticMetrics)];
const rules = rulesIn(ruleFiles, realTime);
const alerts = rules.filter(isAlert);
const pathOf = (name: string): string => join(import.meta.dirname, `${name}.yml`);

test.each(ruleFiles.map(({ name }) => name))('%s.yml is what its source writes', async (name) => {
  const file = ruleFiles.find((each) => each.name === name);
  expect(file && rendered(file, realTime), 'npm run grafana:rules').toBe(await readFile(pathOf(name), 'utf8'));
});

test('every rule names metrics, labels and values that exist', () => {
  const recorded = rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record]));
  expect(rules.flatMap(({ expr }) => faultsOf(expr, specs, recorded))).toEqual([]);
});

test('what does not exist is found', () => {
  const faults = (expr: string): string[] => faultsOf(expr, specs, ['aida:known:sum']);
  expect(faults('sum(rate(aida_gone_total[5m])) + aida:unknown:sum + aida:known:sum')).toEqual([
    'aida_gone_total: no such metric',
    'aida:unknown:sum: nobody records it',
  ]);
  expect(faults('aida_calls_answered_total{result="soon"} / aida_calls_answered_total{colour!="red"}')).toEqual([
    'aida_calls_answered_total: result is never soon',
    'aida_calls_answered_total: no label colour',
  ]);
  expect(faults('aida_webhooks_total{status=~"7.."} or aida_webhooks_total{status=~"5.."}')).toEqual([
    'aida_webhooks_total: status is never 7..',
  ]);
  expect(faults('increase(aida_silence_seconds_bucket{le="2.1"}[5m])')).toEqual([
    'aida_silence_seconds_bucket: no bucket of 2.1',
  ]);
  expect(faults('increase(aida_silence_seconds_bucket{le="2"}[5m]) + aida_calls_live_count')).toEqual([
    'aida_calls_live_count: no such metric',
  ]);
  expect(faults('sum by (colour) (aida_calls_live) + max by (instance, state) (aida_calls_live)')).toEqual([
    'aida_calls_live: no label colour to sum by',
  ]);
});

test('every alert is told with its severity, what callers feel, and a figure where it has one', () => {
  for (const { alert, severity, summary, callers } of alerts) {
    expect(['page', 'ticket', 'none'], alert).toContain(severity);
    expect(summary.length, alert).toBeGreaterThan(20);
    expect(callers, alert).toMatch(/\.$/);
  }
});

test('a recording is recorded once, and every alert or board can name it', () => {
  const keys = rules.flatMap((rule) => (isAlert(rule) ? [] : [`${rule.record}${JSON.stringify(rule.labels ?? {})}`]));
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  for (const key of keys) expect(key).toMatch(/^aida:[a-z0-9_]+(:[a-z0-9_]+)+/);
});

test('at a sixtieth, hours are minutes, and no window is shorter than four scrapes', () => {
  const short = scaleOf(1 / 60, 1);
  expect(['5m', '1h', '6h', '30s'].map(short.window)).toEqual(['5s', '60s', '360s', '4s']);
  expect(['5m', '30s'].map(short.span)).toEqual(['5s', '1s']);
  expect(short.seconds('15m')).toBe(15);
  const text = ruleFiles.map((file) => rendered(file, short)).join('');
  expect(text).not.toMatch(/\[\d+[mhd]\]/);
  expect(namesOf(text)).toEqual(namesOf(ruleFiles.map((file) => rendered(file, realTime)).join('')));
});

describe.skipIf(await lacksPart('prometheus'))('promtool', () => {
  test('checks the rules', async () => {
    const paths = ruleFiles.map(({ name }) => pathOf(name));
    const { code, output } = await runPart('prometheus', 'promtool', ['check', 'rules', ...paths]);
    expect(code, output).toBe(0);
    expect(output.match(/(\d+) rules found/g)?.reduce((sum, part) => sum + Number.parseInt(part, 10), 0)).toBe(
      rules.length,
    );
  });

  test('checks the configuration', async () => {
    const file = join(import.meta.dirname, '../prometheus/prometheus.yml');
    const { code, output } = await runPart('prometheus', 'promtool', ['check', 'config', '--syntax-only', file]);
    expect(code, output).toBe(0);
  });
});
