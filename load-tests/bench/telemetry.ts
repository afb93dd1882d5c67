import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Measure, type Outcome } from './figure.ts';
import { describe } from './quiet.ts';
import { type Contestant, makeCertificate, startAida } from './turns/contestants.ts';
import { type Measured, Rig } from './turns/rig.ts';

const calls = 100;
const warmMs = 1_500;
const windowMs = 4_500;
const pairsWanted = 5;
const pairsMax = 6;
const costMax = 0.05;
/** Student's t for 95 % of what lies between, by pairs less one. */
const t95 = [Number.NaN, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45];

interface Pair {
  on: Measured;
  off: Measured;
}

/** Takes spans and does nothing with them. */
async function startCollector(): Promise<{ url: string; spans(): number; close(): void }> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, spans: () => bytes, close: () => server.close() };
}

async function one(rig: Rig, contestant: Contestant): Promise<Measured> {
  await rig.grow(contestant, calls);
  const measured = await rig.measure(contestant, warmMs, windowMs, false);
  await rig.end(contestant);
  return measured;
}

/** Whether with or without comes first changes from pair to pair: what drifts does not count for either. */
async function measurePairs(rig: Rig, on: Contestant, off: Contestant, say: (line: string) => void): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let index = 0; index < pairsMax && pairs.filter(isQuiet).length < pairsWanted; index += 1) {
    const first = await one(rig, index % 2 === 0 ? on : off);
    const second = await one(rig, index % 2 === 0 ? off : on);
    const pair = index % 2 === 0 ? { on: first, off: second } : { on: second, off: first };
    pairs.push(pair);
    say(
      `pair ${index + 1}: ${pair.on.perCallMs.toFixed(3)} ms of CPU for a call-second with, ${pair.off.perCallMs.toFixed(3)} ` +
        `without (${percent(costOf(pair))}); ${describe(pair.on)}; ${describe(pair.off)}`,
    );
  }
  return pairs;
}

const isQuiet = ({ on, off }: Pair): boolean => on.isQuiet && off.isQuiet;
const costOf = ({ on, off }: Pair): number => on.perCallMs / off.perCallMs - 1;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The mean, and how far to both sides it may be off with 95 %. */
function interval(values: readonly number[]): { mean: number; aside: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, aside: (t95[values.length - 1] ?? Number.NaN) * Math.sqrt(variance / values.length) };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const isApart = await keepToOtherCores();
  const collector = await startCollector();
  const certificate = await makeCertificate();
  const rig = await Rig.start(calls, certificate);
  const started: Contestant[] = [];
  const start = async (env: Record<string, string>): Promise<Contestant> => {
    const contestant = await startAida('adaptive', rig.plainUrl, undefined, env);
    started.push(contestant);
    return contestant;
  };
  try {
    const on = await start({ TELEMETRY: 'on', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const off = await start({ TELEMETRY: 'off' });
    const isPinned = (await pinToOwnCore(on.pid)) && (await pinToOwnCore(off.pid)) && isApart;
    const pairs = await measurePairs(rig, on, off, say);
    if (collector.spans() === 0) throw new Error('no span was sent: nothing was compared');
    const quiet = pairs.filter(isQuiet);
    const kept = quiet.length > 1 ? quiet : pairs;
    const { mean, aside } = interval(kept.map(costOf));
    const isTrusted = isPinned && quiet.length >= pairsWanted;
    const beside = `95 %: ${percent(mean - aside)} to ${percent(mean + aside)}; ${kept.length} pairs at ${calls} calls`;
    const cost = { name: 'CPU that telemetry adds', value: 100 * mean, unit: '%', beside };
    const perCall = ({ on: traced }: Pair): number => traced.perCallMs;
    return {
      figures: [
        figure({ ...cost, target: { is: '<', value: 100 * costMax } }, isTrusted),
        figure(
          { name: 'CPU of a call-second with telemetry', value: interval(kept.map(perCall)).mean, unit: 'ms' },
          isTrusted,
        ),
      ],
      runs: { measured: pairs.length, quiet: quiet.length },
      details: pairs.map(({ on: traced, off: bare }) => ({ on: traced, off: bare })),
    };
  } finally {
    for (const contestant of started) await contestant.stop();
    rig.close();
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
