import { DefaultNamingStrategy, type Table } from 'typeorm';

const snake = (name: string) => name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
const nameOf = (table: Table | string) => (typeof table === 'string' ? table : table.name).split('.').at(-1) ?? '';
const joined = (table: Table | string, columns: string[], end: string) => [nameOf(table), ...columns, end].join('_');

/**
 * `fromNumber` → `from_number`, and for keys and indexes the names that PostgreSQL gives by itself, so that
 * migrations written by hand need not name them.
 */
export class SnakeNaming extends DefaultNamingStrategy {
  override tableName(target: string, custom: string | undefined): string {
    return custom ?? snake(target);
  }
  override columnName(property: string, custom: string | undefined): string {
    return custom ?? snake(property);
  }
  override joinColumnName(relation: string, referenced: string): string {
    return snake(`${relation}_${referenced}`);
  }
  override primaryKeyName(table: Table | string): string {
    return joined(table, [], 'pkey');
  }
  override uniqueConstraintName(table: Table | string, columns: string[]): string {
    return joined(table, columns, 'key');
  }
  override foreignKeyName(table: Table | string, columns: string[]): string {
    return joined(table, columns, 'fkey');
  }
  override indexName(table: Table | string, columns: string[]): string {
    return joined(table, columns, 'idx');
  }
}
