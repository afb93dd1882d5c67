import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lacksPart } from '../../src/embedded/parts.ts';
import { ruleFiles } from '../rules/index.ts';
import { runPart } from '../rules/promtool.fixture.ts';
import { rulesIn, runbookOf } from '../rules/render.ts';
import { isAlert, type Severity } from '../rules/rule.ts';
import { realTime } from '../rules/scale.ts';

interface Matchers {
  source_matchers: string[];
  target_matchers: string[];
}

interface Config {
  inhibit_rules: Matchers[];
}

const file = join(import.meta.dirname, 'alertmanager.yml');
const template = join(import.meta.dirname, 'aida.tmpl');
const text = await readFile(file, 'utf8');
const config = parse(text) as Config;
const alerts = rulesIn(ruleFiles, realTime).filter(isAlert);
const receivers: Record<Severity, string> = { page: 'pager', ticket: 'tickets', none: 'watchdog' };
const amtool = (...args: string[]) => runPart('alertmanager', 'amtool', args);

test('inhibition names alerts that exist', () => {
  const named = config.inhibit_rules
    .flatMap(({ source_matchers, target_matchers }) => [...source_matchers, ...target_matchers])
    .filter((matcher) => matcher.startsWith('alertname'))
    .flatMap((matcher) =>
      matcher
        .replace(/^alertname\s*[=!~]+\s*/, '')
        .replaceAll('"', '')
        .split('|'),
    );
  const known = new Set(alerts.map(({ alert }) => alert));
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('no secret stands in the configuration', () => {
  expect(text).not.toMatch(/(password|routing_key|api_url|token):\s/);
});

describe.skipIf(await lacksPart('alertmanager'))('amtool', () => {
  test('takes the configuration', async () => {
    const { code, output } = await amtool('check-config', file);
    expect(code, output).toBe(0);
  });

  test('routes every alert to those whom its severity is for', async () => {
    const routes = await Promise.all(
      alerts.map(async ({ alert, severity }) => {
        const labels = [`alertname=${alert}`, `severity=${severity}`];
        const { output } = await amtool('config', 'routes', 'test', '--config.file', file, ...labels);
        return [
          alert,
          severity,
          output
            .trim()
            .split('\n')
            .find((line) => !line.startsWith('Warning')),
        ];
      }),
    );
    expect(routes).toEqual(alerts.map(({ alert, severity }) => [alert, severity, receivers[severity]]));
  });

  test('what nobody has routed is a ticket', async () => {
    const { output } = await amtool('config', 'routes', 'test', '--config.file', file, 'alertname=Unknown');
    expect(output).toContain('tickets');
  });

  test('says what is wrong, what callers feel and where the runbook is', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'aida-template-'));
    const annotations = {
      summary: '2 nodes cannot reach Redis',
      callers: 'Calls go on.',
      runbook: runbookOf('RedisAway'),
    };
    const one = {
      Status: 'firing',
      Labels: { alertname: 'RedisAway', severity: 'page' },
      Annotations: annotations,
      StartsAt: '2026-11-23T05:00:00Z',
    };
    const data = join(dir, 'data.json');
    try {
      await writeFile(data, JSON.stringify({ Receiver: 'pager', Status: 'firing', Alerts: [one] }));
      const said = async (name: string): Promise<string> => {
        const call = `{{ template "${name}" . }}`;
        const { code, output } = await amtool(
          'template',
          'render',
          `--template.glob=${template}`,
          `--template.text=${call}`,
          `--template.data=${data}`,
        );
        expect(code, output).toBe(0);
        return output.trim();
      };
      expect(await said('aida.title')).toBe('[FIRING 1] RedisAway: 2 nodes cannot reach Redis');
      expect(await said('aida.text')).toMatch(
        /^FIRING \(page\): 2 nodes cannot reach Redis\nCallers: Calls go on\.\nSince 2026-11-23 05:00:00 UTC\. Runbook: https:\S+\/grafana\/runbooks\/RedisAway\.md$/,
      );
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
