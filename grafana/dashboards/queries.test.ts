import { parser as logParser } from '@grafana/lezer-logql';
import { parser as traceParser } from '@grafana/lezer-traceql';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lacksPart } from '../../src/embedded/parts.ts';
import { runPart } from '../rules/promtool.fixture.ts';
import { filledIn, markQueriesOf, queriesOf, readBoards, type PanelQuery } from './queries.ts';

const boards = await readBoards();
const all = [...queriesOf(boards.values()), ...markQueriesOf(boards.values())];
const filling = { rateInterval: '1m', fromMs: 0, toMs: 3_600_000, call: 'CA00', trace: '0'.repeat(32) };
const filled = (query: PanelQuery): string => filledIn(query.text, filling);
const ofKind = (kind: PanelQuery['kind']): PanelQuery[] => all.filter((query) => query.kind === kind);

test('every kind of source is asked', () => {
  const counts = Object.groupBy(all, ({ kind }) => kind);
  expect(Object.keys(counts).toSorted()).toEqual(['logs', 'metrics', 'rows', 'traces']);
});

test('filling in leaves no variable', () => {
  expect(all.map(filled).filter((text) => text.includes('$'))).toEqual([]);
});

test('a CallSid cannot end its SQL string', () => {
  expect(filledIn('x = ${call:sqlstring}', { ...filling, call: "a' OR 'b" })).toBe("x = 'a'' OR ''b'");
});

describe.skipIf(await lacksPart('prometheus'))('PromQL', () => {
  test('parses', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'aida-boards-'));
    try {
      const file = join(dir, 'queries.yml');
      const rules = ofKind('metrics').map((query, i) => ({ record: `query:${i}`, expr: filled(query) }));
      await writeFile(file, JSON.stringify({ groups: [{ name: 'boards', rules }] }));
      const { code, output } = await runPart('prometheus', 'promtool', ['check', 'rules', '--lint=none', file]);
      expect(output).toContain(`${rules.length} rules found`);
      expect(code, output).toBe(0);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

/** Places where a grammar could not go on. */
function errorsOf(parser: typeof logParser, text: string): number {
  let errors = 0;
  parser.parse(text).iterate({ enter: ({ type }) => void (errors += type.isError ? 1 : 0) });
  return errors;
}

test.each(ofKind('logs').map((query) => [query.panel, filled(query)]))('LogQL parses: %s', (_, text) => {
  expect(errorsOf(logParser, text)).toBe(0);
  expect(errorsOf(logParser, `${text} |`)).toBeGreaterThan(0);
});

test.each(ofKind('traces').map((query) => [query.panel, filled(query)]))('TraceQL parses: %s', (_, text) => {
  if (/^[0-9a-f]{32}$/.test(text)) return;
  expect(errorsOf(traceParser, text)).toBe(0);
  expect(errorsOf(traceParser, `${text} &&`)).toBeGreaterThan(0);
});
