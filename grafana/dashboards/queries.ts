import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kindOfType, type SourceKind } from './sources.ts';

/** One query of a panel as it is committed, its variables not yet filled in. */
export interface PanelQuery {
  /** Title of the board. */
  board: string;
  /** Title of the panel. */
  panel: string;
  kind: SourceKind;
  /** PromQL, LogQL, TraceQL or a trace id, SQL. */
  text: string;
  /** Asked over a time; else at its end. Of metrics alone. */
  isRange: boolean;
}

/** What stands for the variables of the boards. */
export interface Filling {
  /** A regular expression for `$node`; by default all. */
  node?: string;
  /** At least four scrapes, in PromQL's words: `15s`. */
  rateInterval: string;
  fromMs: number;
  toMs: number;
  call?: string;
  trace?: string;
}

interface Target {
  datasource: { type: string };
  expr?: string;
  query?: string;
  rawSql?: string;
  range?: boolean;
}

export interface PanelJson {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: (Target & { refId: string; legendFormat?: string; exemplar?: boolean; format?: string })[];
  links?: { title: string; url: string }[];
  options?: Record<string, unknown>;
  transformations?: { id: string; options: Record<string, unknown> }[];
  fieldConfig?: {
    defaults: FieldJson;
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[];
  };
}

export interface FieldJson {
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  color?: { mode: string; fixedColor?: string };
  thresholds?: { steps: { value: number | null; color: string }[] };
  mappings?: { type: string; options: Record<string, { text: string }> }[];
  custom?: { stacking?: { mode: string } };
}

export interface BoardJson {
  uid: string;
  title: string;
  description: string;
  panels: PanelJson[];
  annotations: { list: { name: string; expr: string; iconColor: string; textFormat: string }[] };
  templating: { list: { name: string; query: unknown }[] };
}

/** The boards as they are committed, by the name of their file. */
export async function readBoards(): Promise<Map<string, BoardJson>> {
  const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.json')).sort();
  const read = async (file: string): Promise<[string, BoardJson]> => {
    const text = await readFile(join(import.meta.dirname, file), 'utf8');
    return [file.replace('.json', ''), JSON.parse(text) as BoardJson];
  };
  return new Map(await Promise.all(files.map(read)));
}

/** Every query of every panel. */
export function queriesOf(boards: Iterable<BoardJson>): PanelQuery[] {
  return [...boards].flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ datasource, expr, query, rawSql, range }) => ({
        board: title,
        panel: panel.title,
        kind: kindOfType(datasource.type),
        text: expr ?? query ?? rawSql ?? '',
        isRange: range === true,
      })),
    ),
  );
}

/** What marks the time axis: true of moments, so that no data is the usual answer. */
export function markQueriesOf(boards: Iterable<BoardJson>): PanelQuery[] {
  return [...boards].flatMap(({ title, annotations }) =>
    annotations.list.map(({ name, expr }) => ({
      board: title,
      panel: `mark: ${name}`,
      kind: 'metrics' as const,
      text: expr,
      isRange: true,
    })),
  );
}

/** A query as Grafana would send it. */
export function filledIn(text: string, filling: Filling): string {
  const { node = '.*', rateInterval, fromMs, toMs, call = '', trace = '' } = filling;
  const iso = (ms: number): string => `'${new Date(ms).toISOString()}'`;
  return text
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__range', `${Math.max(1, Math.round((toMs - fromMs) / 1000))}s`)
    .replaceAll('$__timeFrom()', iso(fromMs))
    .replaceAll('$__timeTo()', iso(toMs))
    .replaceAll('${call:sqlstring}', `'${call.replaceAll("'", "''")}'`)
    .replaceAll('${trace}', trace)
    .replaceAll('$call', call)
    .replaceAll('$node', node);
}
