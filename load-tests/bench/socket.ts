import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startChild } from './child.ts';
import { keepToOtherCores, pinToOwnCore, useAllCores } from './cores.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { describe, repeated, watched } from './quiet.ts';
import { bare, ours, withWs, type Contestant, type Line } from './socket-contestants.ts';
import { median } from './statistics.ts';
import { makeCertificate } from './turns/contestants.ts';

const runs = { wanted: 2, triesMax: 3 };
const rounds = 7;
const sockets = 50;
/** What a frame of the caller becomes for the model. */
const sentBytes = 264;
/** What the model says in one message: 600 ms of speech. */
const heardBytes = 6_600;
const headBytes = 4;
const messagesPerSocket = 100;
const waitMsMax = 30_000;
const contestants = { ours, ws: withWs, bare } satisfies Record<string, Contestant>;
type Name = keyof typeof contestants;
const names: readonly Name[] = ['ours', 'ws', 'bare'];

/** Microseconds of this process's CPU for one message. */
type Costs = Record<Name, { sent: number; heard: number }>;

interface Partner {
  port: number;
  isSecure: boolean;
  control: Socket;
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function cpuUs(messages: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / messages;
}

async function costOf(name: Name, { port, isSecure, control }: Partner): Promise<{ sent: number; heard: number }> {
  let heard = 0;
  let due = Number.POSITIVE_INFINITY;
  let arrived = (): void => undefined;
  const onBytes = (bytes: number): void => {
    heard += bytes;
    if (heard >= due) arrived();
  };
  const lines: Line[] = [];
  for (let i = 0; i < sockets; i++) lines.push(await contestants[name](port, isSecure, onBytes));
  const message = new Uint8Array(sentBytes).fill(97);
  const messages = sockets * messagesPerSocket;
  const sent = await cpuUs(messages, async () => {
    for (let round = 0; round < messagesPerSocket; round++) {
      for (const line of lines) line.send(message, 0, sentBytes);
      await tick();
    }
  });
  due = messages * (heardBytes + (name === 'bare' ? headBytes : 0));
  const all = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${heard} of ${due} bytes came`)), waitMsMax);
    arrived = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  const cost = await cpuUs(messages, async () => {
    control.write(`${heardBytes} ${messagesPerSocket}\n`);
    await all;
  });
  for (const line of lines) line.end();
  return { sent, heard: cost };
}

/**
 * In turns, so that all of a round meet the same machine, each round begun by another one: what one leaves to be
 * collected is not always the next one's. The first round is the compiler's.
 */
async function measure(partner: Partner): Promise<Costs[]> {
  const samples: Costs[] = [];
  for (let round = 0; round <= rounds; round++) {
    const costs: Partial<Costs> = {};
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as Name;
      costs[name] = await costOf(name, partner);
    }
    samples.push(costs as Costs);
  }
  return samples.slice(1);
}

async function withPartner(
  files: readonly string[],
  run: (partner: Partner, pid: number) => Promise<void>,
): Promise<void> {
  await keepToOtherCores();
  const child = await startChild(join(import.meta.dirname, 'socket-partner.ts'), files);
  await pinToOwnCore(child.pid);
  const { port, control: controlPort } = child.ready as { port: number; control: number };
  const control = connect(controlPort, '127.0.0.1');
  try {
    await once(control, 'connect');
    await run({ port, isSecure: files.length > 0, control }, child.pid);
  } finally {
    control.destroy();
    await child.stop();
    await useAllCores();
  }
}

async function figuresOver(
  title: string,
  files: readonly string[],
  say: (line: string) => void,
): Promise<{ figures: Figure[]; measured: number; quiet: number; details: unknown }> {
  const figures: Figure[] = [];
  let outcome = { measured: 0, quiet: 0, details: null as unknown };
  await withPartner(files, async (partner, pid) => {
    const { all, kept, isTrusted } = await repeated(runs, async () => {
      const one = await watched([process.pid, pid], () => measure(partner));
      say(`${title}: ${describe(one)}`);
      return one;
    });
    const samples = kept.flatMap(({ result }) => result);
    for (const way of ['sent', 'heard'] as const) {
      const us = (name: Name): number => median(samples.map((costs) => costs[name][way]));
      const beside = `ws ${us('ws').toFixed(2)} µs, no WebSocket at all ${us('bare').toFixed(2)} µs`;
      const bytes = way === 'sent' ? sentBytes : heardBytes;
      const name = `${title}, a message of ${bytes} bytes ${way}`;
      const ratio = median(samples.map((costs) => costs.ours[way] / costs.ws[way]));
      figures.push(
        figure({ name, value: us('ours'), unit: 'µs of CPU', beside }, isTrusted),
        // Both of a round meet the same machine: their ratio holds on a noisy one too.
        figure({ name: `${name}, beside ws`, value: ratio, unit: '×', target: { is: '≤', value: 1 } }, true),
      );
    }
    const details = all.map(({ result, noise, isQuiet }) => ({ result, noise, isQuiet }));
    outcome = { measured: all.length, quiet: isTrusted ? kept.length : 0, details };
  });
  return { figures, ...outcome };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const certificate = await makeCertificate();
  setDefaultCACertificates([...getCACertificates('default'), certificate.cert]);
  try {
    const plain = await figuresOver('plain', [], say);
    const secure = await figuresOver('TLS', [join(dirname(certificate.file), 'key.pem'), certificate.file], say);
    return {
      figures: [...plain.figures, ...secure.figures],
      runs: { measured: plain.measured + secure.measured, quiet: plain.quiet + secure.quiet },
      details: { plain: plain.details, secure: secure.details },
    };
  } finally {
    await certificate.remove();
  }
}

export const socket: Measure = {
  name: 'socket',
  title: "what a message costs on the model's WebSocket, beside ws",
  run,
};
