import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Callers } from '../../src/sim/load/callers/callers.ts';
import { type Journeys, newJourneys } from '../../src/sim/load/frame-journeys.ts';
import { LeanModel } from '../../src/sim/load/model/lean-model.ts';
import { callersOf } from '../../src/sim/load/of-stack.ts';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import { startCarrierRest } from '../run/carrier-rest.ts';
import { cpuMsOf, keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import type { Measure, Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { describe, watched, type Watched } from './quiet.ts';
import { type FleetRow, type LevelRow, type Reading, scaleFigures } from './scale-figures.ts';
import { spent } from './spent.ts';

const levels = [50, 100, 200, 400, 600] as const;
/** Beyond it a level says nothing more: the node or the rig is at its end. */
const p99MsMax = 20;
/**
 * The same nodes with the same calls on the same core, as four fleets of one, two of two and one of four: what differs is
 * the fleet. Fewer nodes on a core would each be woken up more often, and seem dearer.
 */
const nodes = 4;
const fleetSizes = [1, 2, 4] as const;
const callsPerNode = 120;
const dialPerSecond = 60;
const talkingMsMax = 20_000;
/** After the last one was greeted, until all are somewhere in their cycle; then one cycle is looked at. */
const warmMs = 10_000;
const windowMs = 9_000;
const idleMs = 4_000;
const endMsMax = 10_000;
/** Callers who were themselves so late once measured their own machine. */
const rigLateMsMax = 200;
const kib = 1024;
/** Callers of several fleets call one model: no two have the same line. */
const linesPerFleet = 10_000;

type Say = (line: string) => void;

interface Room {
  fleets: readonly { stack: Stack; callers: Callers }[];
  journeys: Journeys;
}

interface Count {
  commands: number;
  redisCpuMs: number;
}

async function counted({ fleets }: Room): Promise<Count> {
  const count = { commands: 0, redisCpuMs: 0 };
  for (const { stack } of fleets) {
    const { commands, cpuMs } = await spent(stack.link);
    // What asks for these figures is not the nodes' work.
    for (const [name, runs] of commands) if (name !== 'info') count.commands += runs;
    count.redisCpuMs += cpuMs;
  }
  return count;
}

async function rssKiB(pids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    sum += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN);
  }
  return sum;
}

const nodePids = ({ fleets }: Room): number[] => fleets.flatMap(({ stack }) => stack.nodes.map(({ pid }) => pid));

function allPids(room: Room): number[] {
  const parts = room.fleets.flatMap(({ stack }) => [stack.redis.pid, stack.database.pid]);
  return [process.pid, ...parts, ...nodePids(room)];
}

const talking = ({ fleets }: Room): number => fleets.reduce((sum, { callers }) => sum + callers.talking, 0);

/** What happens in one window. */
async function read(room: Room, ms: number): Promise<Watched<Reading>> {
  const { fleets, journeys } = room;
  return watched(allPids(room), async () => {
    const pids = nodePids(room);
    const calls = talking(room);
    const before = await counted(room);
    const cpuBefore = (await cpuMsOf(pids)) ?? Number.NaN;
    const rigBefore = process.cpuUsage();
    for (const journey of [journeys.toModel, journeys.toCaller]) journey.ms.reset();
    for (const { callers } of fleets) callers.clock.takeLatestMs();
    const from = performance.now();
    await wait(ms);
    const elapsedMs = performance.now() - from;
    const after = await counted(room);
    const rig = process.cpuUsage(rigBefore);
    const [toModel, toCaller] = [journeys.toModel.ms, journeys.toCaller.ms];
    return {
      calls,
      stayed: talking(room),
      cores: (((await cpuMsOf(pids)) ?? Number.NaN) - cpuBefore) / elapsedMs,
      rigCores: (rig.user + rig.system) / 1000 / elapsedMs,
      redisCores: (after.redisCpuMs - before.redisCpuMs) / elapsedMs,
      commandsPerSecond: ((after.commands - before.commands) / elapsedMs) * 1000,
      rssMiB: (await rssKiB(pids)) / kib,
      rigLatestMs: Math.max(...fleets.map(({ callers }) => callers.clock.takeLatestMs())),
      toModelMs: { p50: toModel.percentile(0.5), p99: toModel.percentile(0.99), p999: toModel.percentile(0.999) },
      toCallerMs: { p50: toCaller.percentile(0.5), p99: toCaller.percentile(0.99), p999: toCaller.percentile(0.999) },
    };
  });
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

/** So many fleets of so many nodes each, and callers of each. */
async function withRoom<T>(count: number, size: number, say: Say, work: (room: Room) => Promise<T>): Promise<T> {
  const journeys = newJourneys();
  const model = await LeanModel.start({ journeys });
  const stacks: Stack[] = [];
  const rest = await startCarrierRest();
  const isApart = await keepToOtherCores();
  try {
    const env = { OPENAI_REALTIME_URL: model.url, TWILIO_API_URL: rest.url, CALLS_MAX: '2000', ...(await asStarted()) };
    const start = async (): Promise<void> => {
      stacks.push(await startStack({ model: null, env, ...(size === 1 ? {} : { nodes: size }) }));
    };
    await Promise.all(Array.from({ length: count }, start));
    const fleets = stacks.map((stack, index) => ({
      stack,
      callers: callersOf(stack, { journeys, firstLine: index * linesPerFleet, seed: index + 1 }),
    }));
    const room = { fleets, journeys };
    const pinned = await Promise.all(nodePids(room).map(pinToOwnCore));
    if (!isApart || pinned.includes(false)) say('nodes cannot be pinned to a core here');
    try {
      return await work(room);
    } finally {
      await Promise.all(fleets.map(({ callers }) => callers.hangUpAll(0, endMsMax)));
      for (const { callers } of fleets) callers.close();
    }
  } finally {
    await Promise.all(stacks.map((stack) => stack.stop()));
    await rest.close();
    model.close();
    await useAllCores();
  }
}

/** As many calls as each fleet is to have. False: some found no place in time. */
async function dialTo({ fleets }: Room, callsPerFleet: number): Promise<boolean> {
  const rate = dialPerSecond / fleets.length;
  const talk = await Promise.all(
    fleets.map(async ({ callers }) => {
      await callers.dialAll(callsPerFleet - callers.size, rate);
      return callers.untilTalking(callsPerFleet, talkingMsMax);
    }),
  );
  return talk.every(Boolean);
}

async function level(room: Room, ms: number, say: Say): Promise<LevelRow> {
  const window = await read(room, ms);
  say(words(window));
  return { ...window.result, isQuiet: window.isQuiet };
}

/** More and more calls on one node, until its frames are late. */
async function grow(say: Say): Promise<LevelRow[]> {
  return withRoom(1, 1, say, async (room) => {
    await wait(idleMs);
    const rows = [await level(room, idleMs, say)];
    for (const calls of levels) {
      if (!(await dialTo(room, calls))) {
        say(`only ${talking(room)} of ${calls} calls have a stream: the node takes no more`);
        break;
      }
      await wait(warmMs);
      const row = await level(room, windowMs, say);
      if (row.rigLatestMs > rigLateMsMax) {
        say('the callers were held up themselves: this level says nothing');
        break;
      }
      rows.push(row);
      // On a machine that others disturbed frames are late for their sake.
      if (row.isQuiet && Math.max(row.toModelMs.p99 ?? 0, row.toCallerMs.p99 ?? 0) > p99MsMax) break;
    }
    return rows;
  });
}

/** As many calls for each node, in fleets of this size. */
async function spread(size: number, say: Say): Promise<FleetRow> {
  const count = nodes / size;
  return withRoom(count, size, say, async (room) => {
    await wait(idleMs);
    const idle = await read(room, idleMs);
    const isWhole = await dialTo(room, callsPerNode * size);
    await wait(warmMs);
    say(`${count} × ${size} ${size === 1 ? 'node' : 'nodes'}${isWhole ? '' : ', NOT ALL CALLS'}:`);
    const row = await level(room, windowMs, say);
    return {
      ...row,
      size,
      fleets: count,
      isQuiet: row.isQuiet && isWhole,
      idleCores: idle.result.cores,
      idleCommandsPerSecond: idle.result.commandsPerSecond,
      failed: room.fleets.reduce((sum, { callers }) => sum + callers.recorder.failed, 0),
    };
  });
}

async function run(say: Say): Promise<Outcome> {
  const grown = await grow(say);
  const fleet: FleetRow[] = [];
  for (const size of fleetSizes) fleet.push(await spread(size, say));
  const rows = [...grown, ...fleet];
  return {
    figures: scaleFigures(grown, fleet),
    runs: { measured: rows.length, quiet: rows.filter(({ isQuiet }) => isQuiet).length },
    details: { levels: grown, fleet, nodes, callsPerNode, windowMs },
  };
}

export const scale: Measure = {
  name: 'scale',
  title: 'what a call costs as calls and nodes become more: CPU, memory, requests to Redis, latency',
  run,
};
