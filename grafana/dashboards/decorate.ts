import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DashboardLink,
  type DynamicConfigValue,
  type FieldColor,
  type MatcherConfig,
  type Panel,
  type ThresholdsConfig,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { nodeMetrics, syntheticMetrics } from '../../src/telemetry/metric-names.ts';
import type { MetricSpec } from '../../src/telemetry/metric-spec.ts';
import { seriesColours, stepsOf, type Bounds } from './look.ts';
import type { MetricQuery } from './panel.ts';

/** What every kind of panel of the SDK has. */
export interface PanelBuilder extends Builder<Panel> {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  datasource(source: DataSourceRef): this;
  height(units: number): this;
  span(columns: number): this;
  links(links: Builder<DashboardLink>[]): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  noValue(text: string): this;
  thresholds(thresholds: Builder<ThresholdsConfig>): this;
  colorScheme(color: Builder<FieldColor>): this;
  overrideByName(name: string, properties: DynamicConfigValue[]): this;
  withOverride(override: { matcher: MatcherConfig; properties: DynamicConfigValue[] }): this;
}

export function thresholds(bounds: Bounds): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(stepsOf(bounds));
}

export function byThresholds(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.Thresholds);
}

/** The same name has the same colour on every board. */
export function colourByName(panel: PanelBuilder, queries: readonly MetricQuery[]): void {
  panel.colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName));
  for (const name of new Set(queries.flatMap(namesOf))) {
    const fixedColor = seriesColours[name];
    if (fixedColor) panel.overrideByName(name, [{ id: 'color', value: { mode: FieldColorModeId.Fixed, fixedColor } }]);
  }
}

const specs: ReadonlyMap<string, MetricSpec> = new Map(
  [...Object.values(nodeMetrics), ...Object.values(syntheticMetrics)].map((spec) => [spec.name, spec]),
);

/** What the series of a query can be called: its legend, or every value of the label that it is. */
function namesOf({ expr, legend }: MetricQuery): readonly string[] {
  const label = /^\{\{(\w+)\}\}$/.exec(legend)?.[1];
  if (label === undefined) return [legend];
  return [...expr.matchAll(/aida_\w+/g)].flatMap(([name]) => specs.get(name)?.labels[label] ?? []);
}

/** What numbers stand for. */
export function wordsFor(words: Readonly<Record<number, string>>): ValueMapping[] {
  const options = Object.fromEntries(Object.entries(words).map(([value, text], index) => [value, { text, index }]));
  return [{ type: MappingType.ValueToText, options }];
}
