import { LogsSortOrder, TableCellDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as AnyBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as LogsBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { DataqueryBuilder as LogQuery } from '@grafana/grafana-foundation-sdk/loki';
import { DataqueryBuilder as MetricQuery, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { DataqueryBuilder as TraceQuery } from '@grafana/grafana-foundation-sdk/tempo';
import { byThresholds, thresholds, wordsFor } from './decorate.ts';
import { refId } from './metric-panels.ts';
import type { LogsPanel, RowsPanel, TablePanel, TracesPanel } from './panel.ts';
import { sourceOf } from './sources.ts';
import { sqlQuery } from './sql-query.ts';

const LOG_LINES_MAX = 1_000;
const TRACES_MAX = 20;
const coloured = { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } };

/** One query a column, joined by the label of the rows. */
export function tablePanel({ by, columns }: TablePanel): TableBuilder {
  const targets = columns.map(({ expr }, i) =>
    new MetricQuery()
      .refId(refId(i))
      .datasource(sourceOf('metrics'))
      .expr(expr)
      .legendFormat('')
      .format(PromQueryFormat.Table)
      .instant(),
  );
  const panel = new TableBuilder()
    .targets(targets)
    .showHeader(true)
    .colorScheme(byThresholds())
    .withTransformation({ id: 'filterFieldsByName', options: { include: { pattern: `^(${by}|Value.*)$` } } })
    .withTransformation({ id: 'joinByField', options: { byField: by, mode: 'outer' } })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries([by, ...columns.map((_, i) => valueField(i))].map((name, i) => [name, i])),
        renameByName: Object.fromEntries(columns.map(({ name }, i) => [valueField(i), name])),
      },
    });
  for (const { name, unit, bounds, words } of columns) {
    panel.overrideByName(name, [
      { id: 'unit', value: unit },
      ...(words ? [{ id: 'mappings', value: wordsFor(words) }] : []),
      ...(bounds ? [{ id: 'thresholds', value: thresholds(bounds).build() }, coloured] : []),
    ]);
  }
  return panel;
}

const valueField = (index: number): string => `Value #${refId(index)}`;

export function rowsPanel({ sql, columns = [] }: RowsPanel): TableBuilder {
  const panel = new TableBuilder()
    .targets([sqlQuery('A', sql)])
    .showHeader(true)
    .colorScheme(byThresholds());
  for (const { name, unit, bounds, width, link } of columns) {
    panel.overrideByName(name, [
      { id: 'unit', value: unit },
      ...(link ? [{ id: 'links', value: [{ title: 'All of it', url: link }] }] : []),
      ...(width ? [{ id: 'custom.width', value: width }] : []),
      ...(bounds ? [{ id: 'thresholds', value: thresholds(bounds).build() }, coloured] : []),
    ]);
  }
  return panel;
}

export function logsPanel({ expr }: LogsPanel): LogsBuilder {
  const query = new LogQuery().refId('A').datasource(sourceOf('logs')).expr(expr).queryType('range');
  return new LogsBuilder()
    .targets([query.maxLines(LOG_LINES_MAX)])
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Ascending);
}

/** Grafana's panel `traces` draws one trace and has no builder of its own; a search is a table. */
export function tracePanel({ kind, query }: TracesPanel): AnyBuilder | TableBuilder {
  const target = new TraceQuery().refId('A').datasource(sourceOf('traces')).queryType('traceql').query(query);
  if (kind === 'trace') return new AnyBuilder().type('traces').targets([target]);
  return new TableBuilder()
    .targets([target.limit(TRACES_MAX)])
    .showHeader(true)
    .colorScheme(byThresholds());
}
