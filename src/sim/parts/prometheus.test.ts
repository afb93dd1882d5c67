import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushPages } from '../../../load-tests/run/prometheus.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';

const traceId = 'a'.repeat(32);
const page = [
  '# TYPE aida_calls counter',
  `aida_calls_total{kind="new"} 7 # {trace_id="${traceId}"} 1 1`,
  '# EOF',
  '',
].join('\n');

describe.skipIf(await lacksPart('prometheus'))('a real Prometheus', () => {
  const pages = createServer((_request, response) => {
    const at = Date.now() / 1000;
    response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' });
    response.end(page.replace('1 1\n', `1 ${at}\n`));
  });
  let prometheus: Prometheus;
  beforeAll(async () => {
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(pages.address() as AddressInfo).port}`;
    const rule = `{ groups: [{ name: g, rules: [{ alert: Called, expr: 'aida_calls_total > 6', annotations: { summary: '{{ $value }}' } }] }] }`;
    prometheus = await startPrometheus({
      intervalMs: 250,
      job: 'aida',
      targets: [{ address, labels: { node: 'node-1' } }],
      rules: { some: rule },
    });
  });
  afterAll(async () => {
    await prometheus.stop();
    pages.closeAllConnections();
    await new Promise((resolve) => pages.close(resolve));
  });

  test('scrapes with the labels it was told, and answers queries at once and over a time', async () => {
    await expect.poll(() => prometheus.query('aida_calls_total')).toHaveLength(1);
    const [sample] = await prometheus.query('aida_calls_total');
    expect(sample).toEqual({
      labels: { __name__: 'aida_calls_total', job: 'aida', node: 'node-1', kind: 'new', instance: expect.any(String) },
      value: 7,
    });
    expect(await prometheus.query('1 + 1')).toEqual([{ labels: {}, value: 2 }]);
    const now = Date.now();
    const [series] = await prometheus.queryRange('aida_calls_total', { fromMs: now - 5_000, toMs: now, stepMs: 500 });
    expect(series?.points.at(-1)?.[1]).toBe(7);
    await expect(prometheus.query('sum(')).rejects.toThrow('sum(: ');
  });

  test('evaluates rules, and keeps exemplars', async () => {
    await expect.poll(() => prometheus.alerts()).toMatchObject([{ state: 'firing', annotations: { summary: '7' } }]);
    expect(await prometheus.rules()).toMatchObject([{ name: 'Called', health: 'ok' }]);
    const now = Date.now();
    const range = { fromMs: now - 60_000, toMs: now + 1_000 };
    const [series] = await prometheus.exemplars('aida_calls_total', range);
    expect(series?.exemplars[0]?.labels).toEqual({ trace_id: traceId });
  });

  test('takes remote writes', async () => {
    expect(await pushPages(`${prometheus.url}/api/v1/write`, [{ text: 'k6_calls 3\n', labels: { by: 'k6' } }])).toBe(
      null,
    );
    await expect.poll(() => prometheus.query('k6_calls')).toMatchObject([{ labels: { by: 'k6' }, value: 3 }]);
  });
});
