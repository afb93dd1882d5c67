import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { DashboardLinkBuilder, DashboardLinkType, type DashboardLink } from '@grafana/grafana-foundation-sdk/dashboard';
import { thresholds, type PanelBuilder } from './decorate.ts';
import { logsPanel, rowsPanel, tablePanel, tracePanel } from './list-panels.ts';
import { heatPanel, linesPanel, statPanel } from './metric-panels.ts';
import type { PanelSpec } from './panel.ts';
import { sourceOf, type SourceKind } from './sources.ts';

/** Where Grafana serves the folder of the runbooks, as docker-compose.yml mounts it. */
export const runbooksPath = '/public/runbooks';

export function buildPanel(spec: PanelSpec, id: number, height: number): PanelBuilder {
  const panel = bare(spec)
    .id(id)
    .title(spec.title)
    .description(`Good: ${spec.good}`)
    .datasource(sourceOf(kindOf(spec)))
    .height(height)
    .span(spec.width)
    .links(linksOf(spec))
    .unit(spec.unit)
    .noValue('no data')
    .thresholds(thresholds(spec.bounds));
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  if (spec.min !== undefined) panel.min(spec.min);
  if (spec.max !== undefined) panel.max(spec.max);
  return panel;
}

function bare(spec: PanelSpec): PanelBuilder {
  switch (spec.kind) {
    case 'stat':
      return statPanel(spec);
    case 'lines':
      return linesPanel(spec);
    case 'heat':
      return heatPanel(spec);
    case 'table':
      return tablePanel(spec);
    case 'rows':
      return rowsPanel(spec);
    case 'logs':
      return logsPanel(spec);
    case 'trace':
    case 'traces':
      return tracePanel(spec);
  }
}

function kindOf({ kind }: PanelSpec): SourceKind {
  if (kind === 'rows') return 'rows';
  if (kind === 'logs') return 'logs';
  return kind === 'trace' || kind === 'traces' ? 'traces' : 'metrics';
}

function linksOf({ runbook, details }: PanelSpec): Builder<DashboardLink>[] {
  const link = (title: string, url: string): DashboardLinkBuilder =>
    new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url);
  return [
    link('Runbook', `${runbooksPath}/${runbook}.md`).targetBlank(true),
    ...(details ? [link('Details', `/d/${details}?\${__url_time_range}&\${node:queryparam}`)] : []),
  ];
}
