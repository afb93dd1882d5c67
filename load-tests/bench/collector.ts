import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded into a node that is measured, before anything of its own (`--import`): on SIGUSR2 it says what it holds.

/** One collection frees what the next can give back to the system. */
const collections = 3;
/**
 * The collection that V8 makes when a process has nothing to do, or memory is short. Any other puts the pages that it
 * empties into V8's pool and shrinks nothing: that was 20 MB after 200 calls.
 */
const thatGivesBack = { type: 'major', execution: 'sync', flavor: 'last-resort' } as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (how: typeof thatGivesBack) => void;

async function report(): Promise<void> {
  const { rss: rssBefore } = process.memoryUsage();
  for (let i = 0; i < collections; i++) {
    collect(thatGivesBack);
    await setImmediate();
  }
  const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
  const spaces = Object.fromEntries(getHeapSpaceStatistics().map((space) => [space.space_name, space.space_size]));
  const held = { rssBefore, rss, heapUsed, heapTotal, external, arrayBuffers, spaces };
  process.stdout.write(`${JSON.stringify({ held })}\n`);
}

process.on('SIGUSR2', () => void report());
