import type { DataSource, EntityManager } from 'typeorm';

/** Rows of these are emptied at once and go when their audio is gone, wherever it is. */
const withAudio: ReadonlySet<string> = new Set(['voicemail', 'call_recording']);
/** These say that a call is erased. */
const ofErasures: ReadonlySet<string> = new Set(['erased_call']);

/** Tables of which every row is of one call, and goes with it: those with a column `call_sid`, whoever keeps them. */
export function callTables({ entityMetadatas }: Pick<DataSource, 'entityMetadatas'>): string[] {
  return entityMetadatas
    .filter(({ columns }) => columns.some(({ databaseName }) => databaseName === 'call_sid'))
    .map(({ tableName }) => tableName)
    .filter((table) => !withAudio.has(table) && !ofErasures.has(table))
    .toSorted();
}

export type Counts = Record<string, number>;

/** Deletes every row of these calls; how many of which table, but for tables without any. */
export async function deleteCallRows(manager: EntityManager, callSids: readonly string[]): Promise<Counts> {
  const counts: Counts = {};
  if (callSids.length === 0) return counts;
  for (const table of callTables(manager.dataSource)) {
    const [, deleted]: [unknown, number] = await manager.query(`DELETE FROM "${table}" WHERE call_sid = ANY($1)`, [
      [...callSids],
    ]);
    if (deleted > 0) counts[table] = deleted;
  }
  return counts;
}

/**
 * Empties the rows of messages and recordings of these calls at once; the audio is deleted by a job each, and the row
 * with it. Those whose job is lost are found by the retention, which looks for rows like these.
 */
export async function emptyRecordings(
  manager: EntityManager,
  callSids: readonly string[],
): Promise<{ of: 'voicemail' | 'call'; recordingSid: string }[]> {
  if (callSids.length === 0) return [];
  const emptied = async (of: 'voicemail' | 'call', sql: string) => {
    const [rows]: [{ recording_sid: string }[], number] = await manager.query(
      `UPDATE ${sql} WHERE call_sid = ANY($1) RETURNING recording_sid`,
      [[...callSids]],
    );
    return rows.map(({ recording_sid: recordingSid }) => ({ of, recordingSid }));
  };
  return [
    ...(await emptied(
      'voicemail',
      `voicemail SET from_number = '', topic = '', transcript = NULL, audio = NULL, note = '', status = 'discarded'`,
    )),
    ...(await emptied('call', `call_recording SET audio = NULL, status = 'declined'`)),
  ];
}

export function addCounts(left: Counts, right: Counts): Counts {
  const sum = { ...left };
  for (const [name, count] of Object.entries(right)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
