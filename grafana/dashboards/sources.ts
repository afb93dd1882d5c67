import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/** Plugin ids of the data sources that the boards ask. */
export const sourceTypes = {
  metrics: 'prometheus',
  logs: 'loki',
  traces: 'tempo',
  rows: 'grafana-postgresql-datasource',
} as const;

export type SourceKind = keyof typeof sourceTypes;

export const sourceKinds = ['metrics', 'logs', 'traces', 'rows'] as const satisfies readonly SourceKind[];

/** As `grafana/provisioning/datasources` names them; another Grafana's own are chosen by the variables of the boards. */
export const sourceUids: Readonly<Record<SourceKind, string>> = {
  metrics: 'aida-prometheus',
  logs: 'aida-loki',
  traces: 'aida-tempo',
  rows: 'aida-postgres',
};

export const sourceNames: Readonly<Record<SourceKind, string>> = {
  metrics: 'Aida Prometheus',
  logs: 'Aida Loki',
  traces: 'Aida Tempo',
  rows: 'Aida Postgres',
};

/** By the variable of that name. */
export function sourceOf(kind: SourceKind): DataSourceRef {
  return { type: sourceTypes[kind], uid: `\${${kind}}` };
}

export function kindOfType(type: string): SourceKind {
  const kind = sourceKinds.find((each) => sourceTypes[each] === type);
  if (!kind) throw new RangeError(`no board asks a data source of type ${type}`);
  return kind;
}
