import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machineVersion } from '../../../machines/call-context.ts';
import { endOf, type Golden, statesOf } from '../../../machines/golden.fixture.ts';
import type { CallEvent } from '../../../machines/call-events.ts';

const FOLDER = join(import.meta.dirname, '../../../machines/golden', `v${machineVersion}`);

/**
 * With GOLDEN set, keeps the journal of a call for ever: what is there already is never written over. What this machine
 * makes of it is kept beside it.
 */
export async function keepGolden(story: string, facts: readonly CallEvent[]): Promise<void> {
  if (!process.env['GOLDEN']) return;
  const golden: Golden = { story, machineVersion, facts: [...facts], end: endOf(facts), states: statesOf(facts) };
  const text = Object.entries(golden).map(([key, value]) => `"${key}": ${linesOf(value)}`);
  const name = story.replace(/\W+/g, '-').toLowerCase();
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${name}.json`), `{\n${text.join(',\n')}\n}\n`, { flag: 'wx' }).catch(
    (error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    },
  );
}

/** A list has a line for each of its entries. */
function linesOf(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  return `[\n${value.map((entry) => JSON.stringify(entry)).join(',\n')}\n]`;
}
