import type { NodeProcess } from '../node-process.ts';
import { type Stack, type StackOptions, startStack } from '../stack.ts';
import type { FaultKind } from './fault-kinds.ts';
import type { History } from './history.ts';
import { type Experience, Patron } from './patron.ts';
import { Recorder } from './recorder.ts';
import { staff } from './stories.ts';

const STORE = '+12075550142';
/** The assistant talks three times as fast as people do: what is to be heard is heard sooner. */
const CHARS_PER_SECOND = 48;
const LOG_LINES_MAX = 100_000;

/** A fleet, its recorder and its callers. */
export interface Scene {
  stack: Stack;
  recorder: Recorder;
  experiences: Experience[];
  /** What the nodes wrote, with the index of each. */
  lines: { node: number; line: string }[];
  /** Somebody calls; resolves when the call is over. */
  call(from: string, story: (patron: Patron) => Promise<void>): { patron: Patron; over: Promise<Experience> };
  /** Does it while the history says that it was done. */
  during<T>(kind: FaultKind, node: number | null, work: () => Promise<T>): Promise<T>;
  /** Starts a node again that is no more. */
  revive(node: number): Promise<NodeProcess>;
  /** After the last call. Ends everything. */
  finish(seed?: number): Promise<History>;
  stop(): Promise<void>;
}

export async function startScene(options: StackOptions = {}): Promise<Scene> {
  const lines: Scene['lines'] = [];
  const stack = await startStack({
    nodes: 2,
    args: ['--faults'],
    ...options,
    model: { charsPerSecond: CHARS_PER_SECOND, ...options.model },
    twilio: { staff, ...options.twilio },
    onLog: (line, node) => {
      lines.push({ node, line });
      if (lines.length > LOG_LINES_MAX) lines.shift();
    },
  });
  const recorder = await Recorder.start(stack).catch(async (error: unknown) => {
    await stack.stop();
    throw error;
  });
  const experiences: Experience[] = [];
  return {
    stack,
    recorder,
    experiences,
    lines,
    call(from, story) {
      const patron = new Patron(stack.twilio.placeCall({ from, to: STORE, keepAudio: false }));
      const over = patron.live(story).then((experience) => {
        experiences.push(experience);
        return experience;
      });
      return { patron, over };
    },
    async during(kind, node, work) {
      const ends = recorder.fault(kind, node);
      try {
        return await work();
      } finally {
        ends();
      }
    },
    async revive(node) {
      const started = await stack.startNode(node);
      await recorder.watch(started);
      return started;
    },
    finish: (seed = 0) => recorder.finish(seed, experiences),
    stop: () => stack.stop(),
  };
}
