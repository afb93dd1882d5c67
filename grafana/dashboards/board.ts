import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { buildPanel } from './build-panel.ts';
import { marks } from './marks.ts';
import type { BoardSpec } from './panel.ts';
import { sourceKinds, sourceNames, sourceOf, sourceTypes, sourceUids } from './sources.ts';

const TAG = 'aida';
const COLUMNS = 24;
const REFRESH = '10s';

/** A board as Grafana is provisioned with it. */
export function buildBoard(spec: BoardSpec): Dashboard {
  const board = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.question)
    .tags([TAG])
    .readonly()
    .timezone('browser')
    .refresh(REFRESH)
    .time({ from: spec.from ?? 'now-1h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Aida')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .keepTime(true)
        .includeVars(true),
    );
  addVariables(board, spec);
  for (const { name, expr, colour, text, tags } of marks) {
    board.annotation(
      new AnnotationQueryBuilder()
        .name(name)
        .datasource(sourceOf('metrics'))
        .enable(true)
        .iconColor(colour)
        .expr(expr)
        .titleFormat(name)
        .textFormat(text)
        .tagKeys(tags)
        .step('15s'),
    );
  }
  let id = 0;
  for (const row of spec.rows) {
    const width = row.panels.reduce((total, panel) => total + panel.width, 0);
    if (width % COLUMNS !== 0) throw new RangeError(`${spec.title}, ${row.title}: ${width} columns leave a hole`);
    board.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) board.withPanel(buildPanel(panel, ++id, row.height));
  }
  return board.build();
}

function addVariables(board: DashboardBuilder, { call }: BoardSpec): void {
  for (const kind of sourceKinds) {
    board.withVariable(
      new DatasourceVariableBuilder(kind)
        .type(sourceTypes[kind])
        .hide(VariableHide.HideVariable)
        .current({ text: sourceNames[kind], value: sourceUids[kind] }),
    );
  }
  board.withVariable(nodeVariable());
  if (!call) return;
  board.withVariable(
    new TextBoxVariableBuilder('call').label('CallSid').description('CA and 32 hex digits').defaultValue(''),
  );
  board.withVariable(traceVariable());
}

/** Nodes that were scraped in the time shown. */
function nodeVariable(): QueryVariableBuilder {
  return new QueryVariableBuilder('node')
    .label('Node')
    .datasource(sourceOf('metrics'))
    .query({ query: 'label_values(aida_draining, instance)', refId: 'node' })
    .definition('label_values(aida_draining, instance)')
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'] });
}

/** The trace of a call is made of its CallSid (src/telemetry/trace-ids.ts): Postgres can tell it too. */
export const traceSql =
  "SELECT substr(encode(sha256(convert_to('aida-trace:' || ${call:sqlstring}, 'UTF8')), 'hex'), 1, 32)";

function traceVariable(): QueryVariableBuilder {
  return new QueryVariableBuilder('trace')
    .datasource(sourceOf('rows'))
    .query(traceSql)
    .definition(traceSql)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .hide(VariableHide.HideVariable);
}
