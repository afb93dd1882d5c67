import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { sourceOf } from './sources.ts';

/** A query of Grafana's PostgreSQL data source, which the SDK has no type for. */
class SqlQuery implements Dataquery {
  readonly refId: string;
  readonly datasource: DataSourceRef = sourceOf('rows');
  readonly rawQuery = true;
  readonly editorMode = 'code';
  readonly format = 'table';
  readonly rawSql: string;

  constructor(refId: string, rawSql: string) {
    this.refId = refId;
    this.rawSql = rawSql;
  }

  _implementsDataqueryVariant(): void {}
}

export function sqlQuery(refId: string, sql: string): Builder<Dataquery> {
  const query = new SqlQuery(refId, sql);
  return { build: () => query };
}
