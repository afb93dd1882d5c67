import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { readBoards } from '../dashboards/queries.ts';
import { ruleFiles } from '../rules/index.ts';
import { faultsOf } from '../rules/names.ts';
import { rulesIn } from '../rules/render.ts';
import { isAlert } from '../rules/rule.ts';
import { realTime } from '../rules/scale.ts';
import { nodeMetrics, syntheticMetrics } from '../../src/telemetry/metric-names.ts';

const root = join(import.meta.dirname, '../..');
const rules = rulesIn(ruleFiles, realTime);
const alerts = [...new Set(rules.filter(isAlert).map(({ alert }) => alert))];
const recorded = rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record]));
const specs = [...Object.values(nodeMetrics), ...Object.values(syntheticMetrics)];
const headings = ['What callers feel', 'How to confirm', 'What to do', 'What not to do', 'How to know that it is over'];

const read = (alert: string): Promise<string> =>
  readFile(join(import.meta.dirname, `${alert}.md`), 'utf8').catch(() => '');
/** Sentences run over lines. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');
const pages = new Map(await Promise.all(alerts.map(async (alert) => [alert, await read(alert)] as const)));

test.each(alerts)('%s has a runbook with all its parts, and something in each', (alert) => {
  const page = pages.get(alert) ?? '';
  expect(page.split('\n')[0], `grafana/runbooks/${alert}.md`).toBe(`# ${alert}`);
  const parts = page.split(/^## /m).slice(1);
  expect(parts.map((part) => part.split('\n')[0])).toEqual(headings);
  for (const part of parts) expect(part.split('\n').slice(1).join('').length, part).toBeGreaterThan(5);
});

test('there is no runbook of an alert that does not exist', async () => {
  const files: string[] = [];
  for await (const file of glob('*.md', { cwd: import.meta.dirname })) files.push(file.replace('.md', ''));
  expect(files.filter((name) => !alerts.includes(name))).toEqual([]);
});

test('panels, metrics, commands, messages and pages that runbooks name exist', async () => {
  const boards = [...(await readBoards()).values()];
  const titles = new Map(
    boards.map(({ title, panels }) => [title.replace('Aida / ', ''), panels.map((panel) => panel.title)]),
  );
  const sources: string[] = [];
  for await (const file of glob('src/**/*.ts', { cwd: root }))
    if (!file.includes('.test.')) sources.push(await readFile(join(root, file), 'utf8'));
  const source = sources.join('\n');
  const faults: string[] = [];
  for (const [alert, page] of pages) {
    const text = flat(page);
    const missing = (what: string): void => void faults.push(`${alert}.md: ${what}`);
    const all = [...titles.values()].flat();
    for (const [, board = ''] of text.matchAll(/\*([A-Z][\w ]+)\*(?=[,:;. ])/g))
      if (!titles.has(board)) missing(`no board ${board}`);
    for (const [, board = '', panel = ''] of text.matchAll(/\*([A-Z][\w ]+)\*, "([^"]+)"/g))
      if (!titles.get(board)?.includes(panel)) missing(`no panel ${panel} on ${board}`);
    for (const [, panel = ''] of text.replaceAll(/\w=~?"[^"]*"/g, '').matchAll(/"([A-Z][^"]{8,})"/g))
      if (!all.includes(panel) && !said.has(panel)) missing(`no panel ${panel}`);
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g))
      if (!(script in packageJson.scripts)) missing(`no command ${script}`);
    for (const [, message = ''] of text.matchAll(/msg="([^"]+)"/g))
      if (!source.includes(`'${message}'`)) missing(`nobody logs ${message}`);
    for (const fault of faultsOf(text, specs, recorded)) missing(fault);
    for (const [, link = ''] of page.matchAll(/\]\((\w+)\.md\)/g))
      if (!alerts.includes(link)) missing(`no page ${link}`);
  }
  expect(faults).toEqual([]);
});

/** In quotation marks, and no panel: what callers hear. */
const said = new Set([
  'Sorry about that',
  'Sorry about that, as I was saying',
  'One moment, please',
  'One moment, please.',
]);
