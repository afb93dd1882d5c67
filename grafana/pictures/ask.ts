import { filledIn, type FieldJson, type Filling, type PanelJson } from '../dashboards/queries.ts';
import type { Prometheus } from '../../src/sim/parts/prometheus.ts';
import { colourOf, paletteColour } from './colour.ts';

export interface Line {
  name: string;
  colour: string;
  points: readonly (readonly [atMs: number, value: number])[];
}

export interface Column {
  name: string;
  field: FieldJson;
}

/** What a panel is to draw. */
export type Answer =
  | { kind: 'lines'; lines: Line[]; exemplars: (readonly [atMs: number, value: number])[] }
  | { kind: 'table'; columns: Column[]; rows: unknown[][] }
  /** Nobody is here who could be asked. */
  | { kind: 'absent'; why: string };

export interface Sources {
  prometheus: Pick<Prometheus, 'query' | 'queryRange' | 'exemplars'>;
  /** Rows by name of column; null where there is no database. */
  rows: ((sql: string) => Promise<Record<string, unknown>[]>) | null;
}

const pointsMax = 300;
const stepMsMin = 1_000;

export async function ask(panel: PanelJson, sources: Sources, filling: Filling): Promise<Answer> {
  const type = panel.targets?.[0]?.datasource.type;
  if (type === 'loki') return { kind: 'absent', why: 'asks Loki' };
  if (type === 'tempo') return { kind: 'absent', why: 'asks Tempo' };
  if (type !== 'prometheus') return askRows(panel, sources, filling);
  return panel.type === 'table' ? askTable(panel, sources, filling) : askLines(panel, sources, filling);
}

async function askLines(panel: PanelJson, { prometheus }: Sources, filling: Filling): Promise<Answer> {
  const { fromMs, toMs } = filling;
  const stepMs = Math.max(stepMsMin, Math.ceil((toMs - fromMs) / pointsMax / stepMsMin) * stepMsMin);
  const lines: Line[] = [];
  const exemplars: (readonly [number, number])[] = [];
  for (const { expr = '', legendFormat = '', exemplar } of panel.targets ?? []) {
    const text = filledIn(expr, filling);
    for (const { labels, points } of await prometheus.queryRange(text, { fromMs, toMs, stepMs })) {
      const name = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
      lines.push({ name: name || 'none', colour: '', points });
    }
    if (!exemplar || exemplars.length > 0) continue;
    for (const { exemplars: found } of await prometheus.exemplars(text, { fromMs, toMs }))
      exemplars.push(...found.map(({ timestamp, value }) => [timestamp * 1000, Number(value)] as const));
  }
  lines.forEach((line, index) => (line.colour = fixedColour(panel, line.name) ?? paletteColour(index)));
  return { kind: 'lines', lines, exemplars };
}

function fixedColour({ fieldConfig }: PanelJson, name: string): string | null {
  for (const { matcher, properties } of fieldConfig?.overrides ?? []) {
    if (matcher.options !== name) continue;
    const colour = properties.find(({ id }) => id === 'color')?.value as { fixedColor?: string } | undefined;
    if (colour?.fixedColor) return colourOf(colour.fixedColor);
  }
  return null;
}

/** As Grafana joins the queries of one table: by the label that they all have. */
async function askTable(panel: PanelJson, { prometheus }: Sources, filling: Filling): Promise<Answer> {
  const by = String(panel.transformations?.find(({ id }) => id === 'joinByField')?.options['byField'] ?? '');
  const organize = panel.transformations?.find(({ id }) => id === 'organize')?.options;
  const renamed = (organize?.['renameByName'] ?? {}) as Record<string, string>;
  const rows = new Map<string, unknown[]>();
  const targets = panel.targets ?? [];
  for (const [index, { expr = '' }] of targets.entries()) {
    for (const { labels, value } of await prometheus.query(filledIn(expr, filling), filling.toMs)) {
      const key = labels[by] ?? '';
      const row = rows.get(key) ?? [key, ...targets.map(() => null)];
      row[index + 1] = value;
      rows.set(key, row);
    }
  }
  const names = [by, ...targets.map(({ refId }) => renamed[`Value #${refId}`] ?? refId)];
  return {
    kind: 'table',
    columns: names.map((name, i) => columnOf(panel, name, i === 0)),
    rows: [...rows.values()].toSorted((a, b) => String(a[0]).localeCompare(String(b[0]))),
  };
}

async function askRows(panel: PanelJson, { rows }: Sources, filling: Filling): Promise<Answer> {
  if (!rows) return { kind: 'absent', why: 'asks Postgres' };
  const found = await rows(filledIn(panel.targets?.[0]?.rawSql ?? '', filling));
  const names = Object.keys(found[0] ?? {});
  return {
    kind: 'table',
    columns: names.map((name) => columnOf(panel, name, false)),
    rows: found.map((row) => names.map((name) => row[name])),
  };
}

function columnOf({ fieldConfig }: PanelJson, name: string, isKey: boolean): Column {
  const override = fieldConfig?.overrides.find(({ matcher }) => matcher.options === name);
  const property = (id: string): unknown => override?.properties.find((each) => each.id === id)?.value;
  const thresholds = property('thresholds') as FieldJson['thresholds'];
  const mappings = property('mappings') as FieldJson['mappings'];
  const unit = (property('unit') as string | undefined) ?? fieldConfig?.defaults.unit;
  return {
    name,
    field: {
      ...(unit && !isKey ? { unit } : { unit: 'string' }),
      ...(thresholds ? { thresholds } : {}),
      ...(mappings ? { mappings } : {}),
    },
  };
}
