import { setTimeout as wait } from 'node:timers/promises';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { Carrier } from './carrier.ts';
import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { collectorFlag, type Held, MemoryWatch } from './node-memory.ts';
import { slope } from './statistics.ts';
import { askForStream, type LineLedgers, TurnCaller } from './turns/caller.ts';
import { FrameLedger, frameMs } from './turns/frames.ts';
import { TurnModel } from './turns/model.ts';

const calls = 10_000;
/** Calls side by side, each line one after the other. */
const lines = 32;
/** A line rests between two calls, and they do not begin all at once: a burst into a cold node finds the lines busy. */
const restMs = 200;
const apartMs = 100;
const bytesPerCallTarget = 1024;
/** Calls between two readings, and before the first that counts: code is compiled, pools and histograms are there. */
const batch = 1_000;
const warmUpCalls = 2_000;
/** A caller who has heard this much of the greeting leaves. */
const listensMs = 400;
const greetedMsMax = 10_000;
/** What a call leaves for a while is gone: its model session is kept for so long at most. */
const settleMs = 7_000;
const timeMsMax = 15 * 60_000;
/** Where in its cycle a caller is silent. */
const silentAtMs = 4_000;
const kib = 1024;

interface Reading {
  calls: number;
  held: Held;
}

interface Course {
  readings: Reading[];
  failed: number;
  seconds: number;
}

/** A caller who comes, is greeted, and leaves. False: nobody greeted it. */
async function call(line: number, carrier: Carrier, ledgers: LineLedgers): Promise<boolean> {
  const place = await askForStream(carrier);
  const caller = await TurnCaller.open(line, place, ledgers, silentAtMs);
  const from = performance.now();
  while (caller.heardMs < listensMs && performance.now() - from < greetedMsMax) {
    caller.sendFrame();
    await wait(frameMs);
  }
  caller.hangUp();
  await carrier.complete(caller.callSid);
  return caller.heardMs >= listensMs;
}

/** On connections of its own: the node closes those that rest between two batches. */
async function runBatch(stack: Stack, ledgers: LineLedgers): Promise<number> {
  const carrier = Carrier.of(stack);
  let next = 0;
  let failed = 0;
  const lane = async (line: number): Promise<void> => {
    await wait(line * apartMs);
    while (next++ < batch) {
      if (!(await call(line, carrier, ledgers).catch(() => false))) failed++;
      await wait(restMs);
    }
  };
  await Promise.all(Array.from({ length: lines }, (_, line) => lane(line)));
  carrier.close();
  return failed;
}

async function course(
  stack: Stack,
  watch: MemoryWatch,
  ledgers: LineLedgers,
  say: (line: string) => void,
): Promise<Course> {
  const from = performance.now();
  const readings: Reading[] = [];
  let failed = 0;
  for (let done = batch; done <= calls && performance.now() - from < timeMsMax; done += batch) {
    failed += await runBatch(stack, ledgers);
    await wait(settleMs);
    const held = await watch.read(stack);
    readings.push({ calls: done, held });
    const mib = (bytes: number): string => (bytes / kib / kib).toFixed(2);
    say(`${done} calls, ${failed} failed: RSS ${mib(held.rss)} MiB, objects that live ${mib(held.heapUsed)} MiB`);
  }
  return { readings, failed, seconds: (performance.now() - from) / 1000 };
}

function outcomeOf({ readings, failed, seconds }: Course): Outcome {
  const counted = readings.filter((one) => one.calls >= warmUpCalls);
  const grows = (of: (held: Held) => number): number => slope(counted.map((one) => [one.calls, of(one.held)])) / kib;
  const done = readings.at(-1)?.calls ?? 0;
  const target = { is: '<', value: bytesPerCallTarget / kib } as const;
  const isWhole = done === calls;
  const beside = `slope of ${counted.length} readings from ${warmUpCalls} to ${done} calls, ${Math.round(seconds)} s`;
  return {
    figures: [
      figure(
        { name: 'RSS that each call leaves', value: grows(({ rss }) => rss), unit: 'KiB', target, beside },
        isWhole,
      ),
      figure(
        {
          name: 'objects that each call leaves',
          value: grows(({ heapUsed }) => heapUsed),
          unit: 'KiB',
          target,
          beside,
        },
        isWhole,
      ),
      figure(
        {
          name: 'buffers that each call leaves',
          value: grows(({ external }) => external),
          unit: 'KiB',
          target,
          beside,
        },
        isWhole,
      ),
      figure({ name: 'calls', value: done, unit: '', target: { is: '=', value: calls } }, true),
      figure({ name: 'calls that were not greeted', value: failed, unit: '', target: { is: '=', value: 0 } }, true),
    ],
    runs: { measured: readings.length, quiet: readings.length },
    details: { lines, readings, failed, seconds },
  };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const ledgers: LineLedgers = { toModel: new FrameLedger(lines), toCaller: new FrameLedger(lines) };
  const model = await TurnModel.start({ ledgers });
  const watch = new MemoryWatch();
  let stack: Stack | null = null;
  await keepToOtherCores();
  try {
    stack = await startStack({
      model: null,
      env: { OPENAI_REALTIME_URL: model.url, CALLS_MAX: String(4 * lines), ...(await asStarted(collectorFlag)) },
      onLog: (line) => watch.take(line),
    });
    await pinToOwnCore(stack.node.pid);
    return outcomeOf(await course(stack, watch, ledgers, say));
  } finally {
    await stack?.stop();
    model.close();
    await useAllCores();
  }
}

export const growth: Measure = {
  name: 'growth',
  title: `what each of ${calls} calls in sequence leaves behind in the node, ${lines} at a time`,
  run,
};
