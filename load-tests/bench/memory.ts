import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { type Stack, startStack } from '../../src/sim/stack.ts';
import type { SimCall } from '../../src/sim/twilio/index.ts';
import { startChild } from './child.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { asStarted } from './node-flags.ts';
import { collectorFlag, type Held, MemoryWatch } from './node-memory.ts';
import { Pacer, until } from './pacer.ts';
import { median } from './statistics.ts';
import { type Certificate, makeCertificate } from './turns/contestants.ts';

const calls = 200;
const kibPerCallTarget = 120;
/** With TLS to the model. */
const secureKibPerCallTarget = 250;
const runs = 2;
/** Held before the first reading, so that code and connections which all calls share are there. */
const warmUpCalls = 5;
const arrivalsPerS = 20;
/** What each caller asks: a tool reads the database for it. */
const question = 'What are your hours on Tuesday?';
const answerWord = 'Tuesday';
const talkMsMax = 60_000;
const endMsMax = 20_000;
const kib = 1024;
const modelFile = join(import.meta.dirname, '../../src/sim/model/main.ts');

/** Callers arrive evenly, each greeted, each asking one thing and listening to the answer; then they stay on the line. */
async function converse(stack: Stack, count: number): Promise<SimCall[]> {
  const callers: SimCall[] = [];
  const asked = new Set<SimCall>();
  const pacer = new Pacer();
  pacer.start(1, 1000 / arrivalsPerS, () => {
    // One number gets only a few lines.
    const from = `+1555333${String(callers.length).padStart(4, '0')}`;
    if (callers.length < count) callers.push(stack.twilio.placeCall({ from, to: '+15559990000', keepAudio: false }));
  });
  try {
    await until(
      () => {
        for (const caller of callers) {
          if (asked.has(caller) || !caller.heardText().includes('help you today')) continue;
          asked.add(caller);
          caller.speak(question);
        }
        return callers.length === count && callers.every((caller) => caller.heardText().includes(answerWord));
      },
      talkMsMax,
      () =>
        `${callers.filter((caller) => caller.heardText().includes(answerWord)).length} of ${count} callers have their answer; ${callers[0]?.describe() ?? 'none arrived'}`,
    );
  } finally {
    pacer.stop();
  }
  return callers;
}

async function hangUp(callers: readonly SimCall[]): Promise<void> {
  for (const caller of callers) caller.hangUp();
  const done = Promise.all(callers.map((caller) => caller.done));
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, endMsMax))]);
}

interface Run {
  idle: Held;
  live: Held;
  after: Held;
  complaints: number;
}

/** TLS in front of a port of this machine: what the node holds for it is the node's. */
async function secured(port: number, { key, cert }: Certificate): Promise<Server> {
  const server = createServer({ key, cert }, (socket) => {
    const inner = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** With a certificate: TLS to the model. */
async function measureOnce(certificate: Certificate | null): Promise<Run> {
  const model = await startChild(modelFile, []);
  const watch = new MemoryWatch();
  const url = new URL((model.ready as { url: string }).url);
  const front = certificate === null ? null : await secured(Number(url.port), certificate);
  if (front !== null) url.port = String((front.address() as AddressInfo).port);
  let stack: Stack | null = null;
  try {
    stack = await startStack({
      model: null,
      env: {
        OPENAI_REALTIME_URL: front === null ? url.href : url.href.replace(/^ws:/, 'wss:'),
        CALLS_MAX: String(2 * calls),
        ...(certificate === null ? {} : { NODE_EXTRA_CA_CERTS: certificate.file }),
        ...(await asStarted(collectorFlag)),
      },
      onLog: (line) => watch.take(line),
    });
    await hangUp(await converse(stack, warmUpCalls));
    const idle = await watch.read(stack);
    const callers = await converse(stack, calls);
    const gone = callers.filter((caller) => caller.stream === null).length;
    if (gone > 0) throw new Error(`${gone} of ${calls} calls are no longer live`);
    const live = await watch.read(stack);
    await hangUp(callers);
    const after = await watch.read(stack);
    return { idle, live, after, complaints: stack.twilio.complaints.length };
  } finally {
    await stack?.stop();
    front?.close();
    await model.stop();
  }
}

async function measureAll(certificate: Certificate | null, say: (line: string) => void): Promise<Run[]> {
  const all: Run[] = [];
  for (let i = 0; i < runs; i++) {
    const one = await measureOnce(certificate);
    all.push(one);
    const mib = (bytes: number): string => (bytes / kib / kib).toFixed(1);
    say(
      `${certificate === null ? '' : 'TLS to the model: '}RSS ${mib(one.idle.rss)} MiB at 0 calls, ` +
        `${mib(one.live.rss)} at ${calls}, ${mib(one.after.rss)} after them`,
    );
  }
  return all;
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const certificate = await makeCertificate();
  try {
    const plain = await measureAll(null, say);
    const secure = await measureAll(certificate, say);
    return {
      figures: [...figuresOf(plain, kibPerCallTarget, ''), ...figuresOf(secure, secureKibPerCallTarget, ', TLS')],
      runs: { measured: plain.length + secure.length, quiet: plain.length + secure.length },
      details: { calls, warmUpCalls, runs: plain, secureRuns: secure },
    };
  } finally {
    await certificate.remove();
  }
}

function figuresOf(all: readonly Run[], kibTarget: number, words: string): Figure[] {
  const perCall = (of: (one: Run) => number): number => median(all.map(of)) / calls / kib;
  const target = { is: '≤', value: kibTarget } as const;
  const before = perCall(({ live, idle }) => live.rssBefore - idle.rss);
  const beside = `${Math.round(before)} KiB before a collection: garbage, and pages that V8 keeps for more`;
  const grown = (name: string, of: (held: Held) => number): Figure =>
    figure({ name: name + words, value: perCall(({ live, idle }) => of(live) - of(idle)), unit: 'KiB' }, true);
  const young = ({ spaces }: Held): number => spaces['new_space'] ?? 0;
  return [
    figure(
      {
        name: `RSS for one of ${calls} live calls${words}`,
        value: perCall(({ live, idle }) => live.rss - idle.rss),
        unit: 'KiB',
        target,
        beside,
      },
      true,
    ),
    grown("of it V8's young generation, whatever is in it", young),
    grown("of it the rest of V8's heap", (held) => held.heapTotal - young(held)),
    grown('of it array buffers: audio that is kept, buffers of Node', ({ arrayBuffers }) => arrayBuffers),
    grown('of it other memory of objects', ({ external, arrayBuffers }) => external - arrayBuffers),
    grown('of it the rest: sockets, TLS, what malloc keeps', (held) => held.rss - held.heapTotal - held.external),
    grown('objects that live, for comparison', (held) => held.heapUsed),
    figure(
      {
        name: `objects left by each call that ended${words}`,
        value: perCall(({ after, idle }) => after.heapUsed - idle.heapUsed),
        unit: 'KiB',
        beside: 'with what the first calls leave once, as code and caches; `growth` tells what more calls add',
      },
      true,
    ),
  ];
}

export const memory: Measure = {
  name: 'memory',
  title: `resident memory of the node for each of ${calls} live calls that were greeted and got one answer from a tool`,
  run,
};
