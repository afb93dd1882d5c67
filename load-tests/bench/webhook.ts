import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startStack } from '../../src/sim/stack.ts';
import { Carrier, streamOf } from './carrier.ts';
import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { type Answered, askSteadily } from './post-rate.ts';
import { describe, repeated, watched, type Watched } from './quiet.ts';
import { median, type Percentiles, percentiles } from './statistics.ts';

const p99MsTarget = 20;
const rigShareMax = 0.15;
const load = { rate: 200, durationMs: 6_000 };
const warmUp = { rate: 200, durationMs: 2_000 };
const runs = { wanted: 3, triesMax: 8 };
const calibrations = { wanted: 3, triesMax: 4 };
/** Reservations of callers who hung up before their stream began live on for a while: more than ever at once. */
const callsMax = 50_000;
/** No stream begins here, and so no session. */
const unusedModelUrl = 'ws://127.0.0.1:9';

type Report = Percentiles & Pick<Answered, 'wrong' | 'examples'>;

/** A caller who is answered, and hangs up before the stream: both webhooks are the node's work. */
async function ring(carrier: Carrier): Promise<string | null> {
  const callSid = carrier.newCallSid();
  const { status, body } = await carrier.arrive(callSid);
  void carrier.complete(callSid).catch(() => undefined);
  return status === 200 && streamOf(body) ? null : `${status} ${body.slice(0, 200)}`;
}

async function measureLoad(carrier: Carrier): Promise<Report> {
  const { latenciesMs, wrong, examples } = await askSteadily(load, () => ring(carrier));
  return { ...percentiles(latenciesMs), wrong, examples };
}

/** The same load against a server that does nothing. */
async function calibrate(say: (line: string) => void) {
  const twiml =
    '<?xml version="1.0"?><Response><Connect><Stream url="wss://a.example/media-stream"/></Connect></Response>';
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'text/xml').end(twiml));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const carrier = new Carrier({ port, publicUrl: 'https://a.example', accountSid: 'AC', authToken: 'token' });
  try {
    await askSteadily(warmUp, () => ring(carrier));
    return await repeated(calibrations, async () => {
      const window = await watched([process.pid], () => measureLoad(carrier));
      say(`rig alone: ${short(window)}`);
      return window;
    });
  } finally {
    carrier.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

function short({ result, ...rest }: Watched<Report>): string {
  const times = [result.p50, result.p99, result.p999].map((ms) => ms.toFixed(2)).join(' / ');
  return `${times} ms (p50 / p99 / p99.9), ${result.wrong} wrong; ${describe(rest)}`;
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const isApart = await keepToOtherCores();
  try {
    const rig = await calibrate(say);
    const stack = await startStack({
      model: null,
      env: { OPENAI_REALTIME_URL: unusedModelUrl, CALLS_MAX: String(callsMax), ...(await asStarted()) },
    });
    const { node, redis, database } = stack;
    const carrier = Carrier.of(stack);
    try {
      const isPinned = isApart && (await pinToOwnCore(node.pid));
      await askSteadily(warmUp, () => ring(carrier));
      const pids = [process.pid, node.pid, redis.pid, database.pid];
      const measured = await repeated(runs, async () => {
        const window = await watched(pids, () => measureLoad(carrier));
        say(`${load.rate} a second: ${short(window)}`);
        return window;
      });
      const figures = figuresOf(measured, rig);
      const cpuMs = median(
        measured.kept.map((window) => (window.cpuMs.get(node.pid) ?? Number.NaN) / window.elapsedMs),
      );
      figures.push(
        figure(
          { name: 'CPU of the node for a caller who hangs up at once', value: (cpuMs * 1000) / load.rate, unit: 'ms' },
          true,
        ),
      );
      const details = { load, isPinned, node: measured.all.map(plain), rig: rig.all.map(plain) };
      return {
        figures,
        runs: { measured: measured.all.length, quiet: measured.isTrusted ? measured.kept.length : 0 },
        details,
      };
    } finally {
      carrier.close();
      await stack.stop();
    }
  } finally {
    await useAllCores();
  }
}

type Runs = Awaited<ReturnType<typeof calibrate>>;

function figuresOf(node: Runs, rig: Runs): Figure[] {
  const of = ({ kept }: Runs, name: 'p50' | 'p99' | 'p999'): number => median(kept.map(({ result }) => result[name]));
  const figures: Figure[] = [];
  for (const [name, label] of [
    ['p50', 'p50'],
    ['p99', 'p99'],
    ['p999', 'p99.9'],
  ] as const) {
    const rigMs = of(rig, name);
    const target = name === 'p99' ? { target: { is: '<', value: p99MsTarget } as const } : {};
    const isClear = node.isTrusted && rigMs <= p99MsTarget * rigShareMax;
    const beside = `rig alone ${rigMs.toFixed(2)} ms`;
    figures.push(
      figure({ name: `/voice to its answer, ${label}`, value: of(node, name), unit: 'ms', beside, ...target }, isClear),
    );
  }
  const wrong = node.kept.reduce((sum, { result }) => sum + result.wrong, 0);
  figures.push(
    figure({ name: 'answers without a stream', value: wrong, unit: '', target: { is: '=', value: 0 } }, node.isTrusted),
  );
  return figures;
}

function plain({ result, noise, isQuiet }: Watched<Report>) {
  return { ...result, noise, isQuiet };
}

export const webhook: Measure = {
  name: 'webhook',
  title: `${load.rate} callers a second, each answered with a stream and gone at once, Redis on the same machine`,
  run,
};
