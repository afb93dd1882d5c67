import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpuMsOf, keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { describe, watched, type Watched } from './quiet.ts';
import { type Certificate, type Contestant, makeCertificate, startAida } from './turns/contestants.ts';
import { Rig } from './turns/rig.ts';

/** Of each of the two nodes, which share a core: what disturbs one disturbs the other. */
const calls = 150;
const warmMs = 2_500;
const settleMs = 600;
const windowMs = 7_000;
/** Each with processes of its own: no two are compiled and laid out alike. */
const rounds = 2;
const pairsOfRound = 3;
const pairsWanted = 5;
const costMax = 0.05;
/** Student's t for 95 % of what lies between, by pairs less one. */
const t95 = [Number.NaN, 12.71, 4.3, 3.18, 2.78, 2.57];

/** Ms of CPU for a call-second, of both at the same moment. */
interface Costs {
  on: number;
  off: number;
}

type Pair = Watched<Costs>;
type Say = (line: string) => void;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Takes spans and does nothing with them. */
async function startCollector(): Promise<{ url: string; bytes(): number; close(): void }> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, bytes: () => bytes, close: () => server.close() };
}

async function measurePair(on: Contestant, off: Contestant): Promise<Pair> {
  const pids = [process.pid, ...[on, off].flatMap(({ pid, beside }) => [pid, ...beside])];
  const cpu = (): Promise<number[]> =>
    Promise.all([on, off].map(async ({ pid }) => (await cpuMsOf([pid])) ?? Number.NaN));
  return watched(pids, async () => {
    // Judging the machine's calm held everybody up.
    await wait(settleMs);
    const from = performance.now();
    const before = await cpu();
    await wait(windowMs);
    const after = await cpu();
    const callSeconds = (calls * (performance.now() - from)) / 1_000;
    const [onMs, offMs] = after.map((ms, index) => (ms - (before[index] ?? Number.NaN)) / callSeconds);
    return { on: onMs ?? Number.NaN, off: offMs ?? Number.NaN };
  });
}

interface Scene {
  certificate: Certificate;
  collectorUrl: string;
  say: Say;
}

/** Two fresh nodes, started in turns one before the other, under the same load. */
async function measureRound(
  round: number,
  { certificate, collectorUrl, say }: Scene,
): Promise<{ pairs: Pair[]; isPinned: boolean }> {
  const rigs = { on: await Rig.start(calls, certificate), off: await Rig.start(calls, certificate) };
  const started: Contestant[] = [];
  const start = async (kind: 'on' | 'off'): Promise<Contestant> => {
    const traces = kind === 'on' ? { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl } : {};
    const contestant = await startAida('adaptive', rigs[kind].plainUrl, undefined, { TELEMETRY: kind, ...traces });
    started.push(contestant);
    return contestant;
  };
  try {
    const order = round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const);
    const nodes = { [order[0]]: await start(order[0]), [order[1]]: await start(order[1]) } as Record<
      'on' | 'off',
      Contestant
    >;
    const { on, off } = nodes;
    const isPinned = (await pinToOwnCore(on.pid)) && (await pinToOwnCore(off.pid));
    await Promise.all([rigs.on.grow(on, calls), rigs.off.grow(off, calls)]);
    await wait(warmMs);
    const pairs: Pair[] = [];
    for (let index = 0; index < pairsOfRound; index += 1) {
      const pair = await measurePair(on, off);
      pairs.push(pair);
      say(
        `pair ${round * pairsOfRound + index + 1}: ${pair.result.on.toFixed(3)} ms of CPU for a call-second with, ` +
          `${pair.result.off.toFixed(3)} without (${percent(costOf(pair))}); ${describe(pair)}`,
      );
    }
    await Promise.all([rigs.on.end(on), rigs.off.end(off)]);
    return { pairs, isPinned };
  } finally {
    for (const contestant of started) await contestant.stop();
    rigs.on.close();
    rigs.off.close();
  }
}

const costOf = ({ result: { on, off } }: Pair): number => on / off - 1;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The mean, and how far to both sides it may be off with 95 %. */
function interval(values: readonly number[]): { mean: number; aside: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, aside: (t95[values.length - 1] ?? Number.NaN) * Math.sqrt(variance / values.length) };
}

async function run(say: Say): Promise<Outcome> {
  const isApart = await keepToOtherCores();
  const collector = await startCollector();
  const certificate = await makeCertificate();
  try {
    const pairs: Pair[] = [];
    let isPinned = isApart;
    for (let round = 0; round < rounds; round += 1) {
      const measured = await measureRound(round, { certificate, collectorUrl: collector.url, say });
      pairs.push(...measured.pairs);
      isPinned &&= measured.isPinned;
    }
    if (collector.bytes() === 0) throw new Error('no span was sent: nothing was compared');
    const quiet = pairs.filter((pair) => pair.isQuiet);
    const kept = quiet.length >= pairsWanted ? quiet : pairs;
    const { mean, aside } = interval(kept.map(costOf));
    const isTrusted = isPinned && quiet.length >= pairsWanted;
    const beside = `95 %: ${percent(mean - aside)} to ${percent(mean + aside)}; ${kept.length} pairs, ${calls} calls at each node`;
    const cost = { name: 'CPU that telemetry adds', value: 100 * mean, unit: '%', beside };
    const { mean: perCall } = interval(kept.map(({ result }) => result.on));
    return {
      figures: [
        figure({ ...cost, target: { is: '<', value: 100 * costMax } }, isTrusted),
        figure({ name: 'CPU of a call-second with telemetry', value: perCall, unit: 'ms' }, isTrusted),
      ],
      runs: { measured: pairs.length, quiet: quiet.length },
      details: pairs.map(({ result, noise, isQuiet }) => ({ ...result, noise, isQuiet })),
    };
  } finally {
    collector.close();
    await certificate.remove();
    await useAllCores();
  }
}

export const telemetry: Measure = {
  name: 'telemetry',
  title: 'CPU of a node that counts and traces every call beside one that does neither, turn-taking calls',
  run,
};
