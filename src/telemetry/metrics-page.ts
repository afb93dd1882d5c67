import { metricSections } from './metric-names.ts';
import type { MetricSpec } from './metric-spec.ts';

const head = `# Metrics

Made from \`src/telemetry/metric-names.ts\`, which holds every name, unit, label and bucket; a test fails when this page differs from it. Write it anew: \`npm test -- src/telemetry/metrics-page.test.ts -u\`.

\`GET /metrics\` on the port for operations (\`OPS_PORT\`) answers in Prometheus' text format, or in OpenMetrics where \`Accept\` asks for it: then the histograms marked *traced* carry exemplars with a \`trace_id\`. No label names a call. Every label has the values below; what is none of them counts as \`other\`. Counters stand at 0 from the start, those marked *sparse* appear with their first event. Gauges of the fleet (\`aida_fleet_*\`, \`aida_headroom_calls\`, \`aida_limiting\`, \`aida_waiting_callers\`, \`aida_spent_dollars\`, \`aida_spend_share\`) are the same figure at every node: take their maximum, not their sum.
`;

/** The page of the documentation that lists every metric. */
export function metricsPage(): string {
  const sections: [string, Record<string, MetricSpec>][] = Object.entries(metricSections);
  const parts = sections.map(([title, metrics]) => `## ${title}\n\n${Object.values(metrics).map(entry).join('\n')}\n`);
  return `${[head, ...parts].join('\n')}`;
}

function entry(spec: MetricSpec): string {
  const { type, name, unit, help, labels, buckets, isSparse, hasExemplars } = spec;
  const kind = type === 'info' ? 'gauge' : type;
  const marks = [kind, unit, ...(isSparse ? ['sparse'] : []), ...(hasExemplars ? ['traced'] : [])].join(', ');
  const lines = [`- **\`${name}\`** (${marks}): ${help}.`];
  for (const [label, values] of Object.entries(labels)) {
    lines.push(`  - \`${label}\`${values.length > 0 ? `: ${values.map((value) => `\`${value}\``).join(' ')}` : ''}`);
  }
  if (buckets.length > 0) lines.push(`  - buckets: ${buckets.join(' ')}`);
  return lines.join('\n');
}
