import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Stack } from '../../src/sim/stack.ts';
import { until } from './pacer.ts';

const readMsMax = 20_000;

/** For a node that is to say what it holds. */
export const collectorFlag = `--import=${pathToFileURL(join(import.meta.dirname, 'collector.ts')).href}`;

/** What a node holds, in bytes; all but `rssBefore` after collections. */
export interface Held {
  rssBefore: number;
  rss: number;
  heapUsed: number;
  heapTotal: number;
  /** Memory that objects of V8's hold outside its heap, `arrayBuffers` with it. */
  external: number;
  arrayBuffers: number;
  /** What V8 holds of the system's memory, by space. */
  spaces: Record<string, number>;
}

/** Asks a node that was started with `collectorFlag`. */
export class MemoryWatch {
  #held: Held | null = null;

  /** A line of the node's. */
  take(line: string): void {
    if (line.startsWith('{"held":')) this.#held = (JSON.parse(line) as { held: Held }).held;
  }

  async read(stack: Stack): Promise<Held> {
    this.#held = null;
    stack.node.kill('SIGUSR2');
    await until(
      () => this.#held !== null,
      readMsMax,
      () => 'the node says nothing of its memory',
    );
    return this.#held as unknown as Held;
  }
}
