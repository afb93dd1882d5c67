import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Callers } from '../../src/sim/load/callers/callers.ts';
import { type Journeys, newJourneys } from '../../src/sim/load/frame-journeys.ts';
import { LeanModel } from '../../src/sim/load/model/lean-model.ts';
import { callersOf } from '../../src/sim/load/of-stack.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { cpuMsOf, keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import type { Measure, Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { describe, watched, type Watched } from './quiet.ts';
import { type FleetRow, type LevelRow, type Reading, scaleFigures } from './scale-figures.ts';
import { spent } from './spent.ts';

const levels = [50, 100, 200, 400, 600] as const;
/** Beyond it a level says nothing more: the node or the rig is at its end. */
const p99MsMax = 20;
const fleets = [1, 2, 4] as const;
const callsPerNode = 100;
const dialPerSecond = 60;
const talkingMsMax = 20_000;
/** After the last one was greeted, until all are somewhere in their cycle; then one cycle is looked at. */
const warmMs = 11_000;
const windowMs = 9_000;
const idleMs = 4_000;
const politeMs = 6_000;
const endMsMax = 10_000;
/** A window on a machine that others disturbed is measured again, so often at most. */
const triesMax = 2;
const kib = 1024;

type Say = (line: string) => void;

interface Room {
  stack: Stack;
  callers: Callers;
  journeys: Journeys;
}

interface Count {
  commands: number;
  redisCpuMs: number;
}

async function counted({ link }: Stack): Promise<Count> {
  const { commands, cpuMs } = await spent(link);
  // What asks for these figures is not the nodes' work.
  const runs = [...commands].filter(([name]) => name !== 'info').reduce((sum, [, count]) => sum + count, 0);
  return { commands: runs, redisCpuMs: cpuMs };
}

async function rssKiB(pids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    sum += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN);
  }
  return sum;
}

const pidsOf = ({ nodes }: Stack): number[] => nodes.map(({ pid }) => pid);

function processesOf(stack: Stack): number[] {
  return [process.pid, stack.redis.pid, stack.database.pid, ...pidsOf(stack)];
}

/** What happens in one window. */
async function read({ stack, callers, journeys }: Room, ms: number): Promise<Watched<Reading>> {
  return watched(processesOf(stack), async () => {
    const calls = callers.talking;
    const before = await counted(stack);
    const cpuBefore = (await cpuMsOf(pidsOf(stack))) ?? Number.NaN;
    const rigBefore = process.cpuUsage();
    for (const journey of [journeys.toModel, journeys.toCaller]) journey.ms.reset();
    callers.clock.takeLatestMs();
    const from = performance.now();
    await wait(ms);
    const elapsedMs = performance.now() - from;
    const after = await counted(stack);
    const rig = process.cpuUsage(rigBefore);
    const [toModel, toCaller] = [journeys.toModel.ms, journeys.toCaller.ms];
    return {
      calls,
      stayed: callers.talking,
      cores: (((await cpuMsOf(pidsOf(stack))) ?? Number.NaN) - cpuBefore) / elapsedMs,
      rigCores: (rig.user + rig.system) / 1000 / elapsedMs,
      redisCores: (after.redisCpuMs - before.redisCpuMs) / elapsedMs,
      commandsPerSecond: ((after.commands - before.commands) / elapsedMs) * 1000,
      rssMiB: (await rssKiB(pidsOf(stack))) / kib,
      rigLatestMs: callers.clock.takeLatestMs(),
      toModelMs: { p50: toModel.percentile(0.5), p99: toModel.percentile(0.99), p999: toModel.percentile(0.999) },
      toCallerMs: { p50: toCaller.percentile(0.5), p99: toCaller.percentile(0.99), p999: toCaller.percentile(0.999) },
    };
  });
}

/** The first quiet window, or the last one. */
async function readQuietly(room: Room, ms: number, say: Say): Promise<Watched<Reading>> {
  for (let tries = 1; ; tries++) {
    const window = await read(room, ms);
    say(words(window));
    if (window.isQuiet || tries === triesMax) return window;
  }
}

function words(window: Watched<Reading>): string {
  const { calls, cores, commandsPerSecond, rssMiB, toModelMs, toCallerMs, rigCores } = window.result;
  const ms = (value: number | null): string => value?.toFixed(1) ?? '–';
  const perCall = calls === 0 ? '' : `, ${((cores * 1000) / calls).toFixed(2)} ms for a call-second`;
  return (
    `${calls} calls: ${cores.toFixed(2)} cores${perCall}, ${commandsPerSecond.toFixed(0)} requests/s, ` +
    `${rssMiB.toFixed(0)} MiB, p99 ${ms(toModelMs.p99)} / ${ms(toCallerMs.p99)} ms; rig ${rigCores.toFixed(2)}, ${describe(window)}`
  );
}

async function withRoom<T>(nodes: number, say: Say, work: (room: Room) => Promise<T>): Promise<T> {
  const journeys = newJourneys();
  const model = await LeanModel.start({ journeys });
  let stack: Stack | null = null;
  const isApart = await keepToOtherCores();
  try {
    const env = { OPENAI_REALTIME_URL: model.url, CALLS_MAX: '2000', ...(await asStarted()) };
    stack = await startStack({ model: null, env, ...(nodes === 1 ? {} : { nodes }) });
    const pinned = await Promise.all(pidsOf(stack).map(pinToOwnCore));
    if (!isApart || pinned.includes(false)) say('nodes cannot be pinned to a core here');
    const callers = callersOf(stack, { journeys });
    try {
      return await work({ stack, callers, journeys });
    } finally {
      await callers.hangUpAll(0, endMsMax);
      callers.close();
    }
  } finally {
    await stack?.stop();
    model.close();
    await useAllCores();
  }
}

/** More and more calls on one node, until its frames are late. */
async function grow(say: Say): Promise<LevelRow[]> {
  return withRoom(1, say, async (room) => {
    const rows: LevelRow[] = [];
    await wait(idleMs);
    rows.push(await level(room, 0, say));
    for (const calls of levels) {
      await room.callers.dialAll(calls - room.callers.size, dialPerSecond);
      if (!(await room.callers.untilTalking(calls, talkingMsMax))) {
        say(`only ${room.callers.talking} of ${calls} calls have a stream: the node takes no more`);
        break;
      }
      await wait(warmMs);
      const row = await level(room, calls, say);
      rows.push(row);
      if (Math.max(row.toModelMs.p99 ?? 0, row.toCallerMs.p99 ?? 0) > p99MsMax) break;
    }
    return rows;
  });
}

async function level(room: Room, calls: number, say: Say): Promise<LevelRow> {
  const { result, isQuiet } = await readQuietly(room, calls === 0 ? idleMs : windowMs, say);
  return { ...result, isQuiet };
}

/** As many calls for each node, on one and on several. */
async function spread(nodes: number, say: Say): Promise<FleetRow> {
  return withRoom(nodes, say, async (room) => {
    await wait(idleMs);
    const idle = await read(room, idleMs);
    const calls = nodes * callsPerNode;
    const before = await counted(room.stack);
    await room.callers.dialAll(calls, dialPerSecond * nodes);
    const isWhole = await room.callers.untilTalking(calls, talkingMsMax);
    await wait(warmMs);
    say(`${nodes} ${nodes === 1 ? 'node' : 'nodes'}${isWhole ? '' : ', NOT ALL CALLS'}:`);
    const { result, isQuiet } = await readQuietly(room, windowMs, say);
    await room.callers.hangUpAll(politeMs, endMsMax);
    const after = await counted(room.stack);
    return {
      ...result,
      nodes,
      isQuiet: isQuiet && isWhole,
      idleCores: idle.result.cores,
      idleCommandsPerSecond: idle.result.commandsPerSecond,
      commandsPerCall: (after.commands - before.commands) / calls,
      failed: room.callers.recorder.failed,
    };
  });
}

async function run(say: Say): Promise<Outcome> {
  const grown = await grow(say);
  const fleet: FleetRow[] = [];
  for (const nodes of fleets) fleet.push(await spread(nodes, say));
  const rows = [...grown, ...fleet];
  return {
    figures: scaleFigures(grown, fleet),
    runs: { measured: rows.length, quiet: rows.filter(({ isQuiet }) => isQuiet).length },
    details: { levels: grown, fleet, callsPerNode, windowMs },
  };
}

export const scale: Measure = {
  name: 'scale',
  title: 'what a call costs as calls and nodes become more: CPU, memory, requests to Redis, latency',
  run,
};
