import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { byThresholds, colourByName, wordsFor } from './decorate.ts';
import type { HeatPanel, LinesPanel, MetricQuery, StatPanel } from './panel.ts';
import { sourceOf } from './sources.ts';

const LINE_PX = 2;
const FILL_PERCENT = { stacked: 45, alone: 6 };
/** Points that a scrape missed do not cut a line. */
const GAP_MS = 60_000;

/** `A`, `B`, …: Grafana's names for the queries of one panel. */
export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function rangeQuery({ expr, legend }: MetricQuery, index: number, exemplar: boolean): DataqueryBuilder {
  const query = new DataqueryBuilder().refId(refId(index)).datasource(sourceOf('metrics'));
  return query.expr(expr).legendFormat(legend).range().exemplar(exemplar);
}

export function statPanel({ queries, words, nameOnly }: StatPanel): StatBuilder {
  const panel = new StatBuilder()
    .targets(queries.map((query, i) => rangeQuery(query, i, false)))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(BigValueColorMode.Background)
    .graphMode(words || nameOnly ? BigValueGraphMode.None : BigValueGraphMode.Area)
    .textMode(nameOnly ? BigValueTextMode.Name : BigValueTextMode.Auto)
    .colorScheme(byThresholds());
  return words ? panel.mappings(wordsFor(words)) : panel;
}

export function linesPanel({ queries, stacked, exemplars }: LinesPanel): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .targets(queries.map((query, i) => rangeQuery(query, i, exemplars === true)))
    .lineWidth(LINE_PX)
    .fillOpacity(stacked ? FILL_PERCENT.stacked : FILL_PERCENT.alone)
    .showPoints(VisibilityMode.Never)
    .spanNulls(GAP_MS)
    .axisSoftMin(0)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  else panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  colourByName(panel, queries);
  return panel;
}

export function heatPanel({ expr, unit }: HeatPanel): HeatmapBuilder {
  const query = rangeQuery({ expr, legend: '{{le}}' }, 0, true).format(PromQueryFormat.Heatmap);
  return new HeatmapBuilder()
    .targets([query])
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64).exponent(0.5))
    .yAxis(new YAxisConfigBuilder().unit(unit))
    .cellGap(1)
    .showValue(VisibilityMode.Never)
    .exemplarsColor('light-blue');
}
