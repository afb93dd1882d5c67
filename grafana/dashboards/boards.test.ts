import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeMetrics, syntheticMetrics } from '../../src/telemetry/metric-names.ts';
import type { MetricSpec } from '../../src/telemetry/metric-spec.ts';
import { faultsOf, namesOf } from '../rules/names.ts';
import { boards } from './boards.ts';
import { markQueriesOf, queriesOf, readBoards, type PanelJson } from './queries.ts';
import { boardText } from './text.ts';

const GRAFANA = join(import.meta.dirname, '..');
const COLUMNS = 24;
const GOOD_LENGTH_MIN = 'Good: none.'.length;

const committed = await readBoards();
const specs: MetricSpec[] = [...Object.values(nodeMetrics), ...Object.values(syntheticMetrics)];
const rules = await rulesText();
const recorded = [...rules.matchAll(/record: (\S+)/g)].map(([, name = '']) => name);
const panels = [...committed.values()].flatMap(({ title, panels: all }) =>
  all.filter(({ type }) => type !== 'row').map((panel): [string, PanelJson] => [`${title} / ${panel.title}`, panel]),
);

async function rulesText(): Promise<string> {
  const dir = join(GRAFANA, 'rules');
  const files = (await readdir(dir)).filter((file) => file.endsWith('.yml'));
  return (await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))).join('\n');
}

test('boards as committed are what the code builds', async () => {
  expect([...committed.keys()].toSorted()).toEqual(boards.map(({ file }) => file).toSorted());
  for (const board of boards) {
    const text = await readFile(join(import.meta.dirname, `${board.file}.json`), 'utf8');
    expect(text === boardText(board), `${board.file}.json is not what \`npm run grafana:build\` writes`).toBe(true);
  }
});

test('every metric is in a panel or a rule', () => {
  const texts = [...queriesOf(committed.values()), ...markQueriesOf(committed.values())].map(({ text }) => text);
  const named = new Set(namesOf([...texts, rules].join('\n')).map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  expect(specs.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
});

test('queries name only metrics, labels and values that exist', () => {
  const faults = [...queriesOf(committed.values()), ...markQueriesOf(committed.values())]
    .filter(({ kind }) => kind === 'metrics')
    .flatMap(({ board, panel, text }) =>
      faultsOf(text, specs, recorded).map((fault) => `${board} / ${panel}: ${fault}`),
    );
  expect(faults).toEqual([]);
});

test('a wrong name would be found', () => {
  const wrong = ['sum(aida_calls_living)', 'sum(aida_calls_live{state="asleep"})', 'aida:nothing:sum'];
  expect(wrong.map((expr) => faultsOf(expr, specs, recorded).length)).toEqual([1, 1, 1]);
});

test('every panel has a unit, thresholds, and a sentence that says what good looks like', () => {
  const faults = panels.flatMap(([name, { description = '', fieldConfig }]) => {
    const { unit = '', thresholds } = fieldConfig?.defaults ?? {};
    const [first, ...others] = thresholds?.steps ?? [];
    return [
      /^\w+$/.test(unit) ? [] : `${name}: no unit`,
      first?.value === null && others.length > 0 ? [] : `${name}: no threshold`,
      /^Good: .*[^ ]\.$/.test(description) && description.length >= GOOD_LENGTH_MIN ? [] : `${name}: ${description}`,
    ].flat();
  });
  expect(panels.length).toBeGreaterThan(100);
  expect(faults).toEqual([]);
});

test('every panel leads to a runbook that exists', () => {
  const missing = panels.flatMap(([name, { links = [] }]) => {
    const [runbook] = links;
    const path = runbook?.url.replace('/public/', '') ?? '';
    return runbook?.title === 'Runbook' && existsSync(join(GRAFANA, path)) ? [] : `${name}: ${path}`;
  });
  expect(missing).toEqual([]);
});

test.each([...committed.values()].map((board) => [board.title, board] as const))(
  '%s: lines are full, ids are its own, links lead to boards',
  (_, board) => {
    const ids = board.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const lines = new Map<number, number>();
    for (const { gridPos } of board.panels) lines.set(gridPos.y, (lines.get(gridPos.y) ?? 0) + gridPos.w);
    expect([...lines.values()].every((width) => width === COLUMNS)).toBe(true);
    const uids = new Set(boards.map(({ uid }) => uid));
    const links = board.panels.flatMap(({ links: all = [] }) => all.map(({ url }) => url));
    const targets = links.filter((url) => url.startsWith('/d/')).map((url) => url.slice(3).split('?')[0] ?? '');
    expect(targets.filter((uid) => !uids.has(uid))).toEqual([]);
  },
);

test('the promotion fits one screen', () => {
  const heights = committed.get('promotion')?.panels.map(({ gridPos }) => gridPos.y + gridPos.h) ?? [];
  // A unit is 38 px: a screen of 1,080 px without the bars of a browser.
  expect(Math.max(...heights)).toBeLessThanOrEqual(26);
});
