import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPart, type Part } from '../../embedded/parts.ts';
import { freePort } from '../../embedded/redis.ts';

const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 15_000;
const LOOK_MS = 50;
/** Any; formatted folders must agree. */
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qk';

export interface KafkaOptions {
  /** Listeners whose clients are sent on to the advertised ports, where proxies stand in front of them. */
  proxied?: readonly { listenPort: number; advertisedPort: number }[];
  /** A listener with TLS and a user who signs in by PLAIN or SCRAM-SHA-512. PEM. */
  secure?: { certificate: string; key: string; username: string; password: string };
  /** More lines of server.properties. */
  settings?: Record<string, string>;
  /** A broker of that one's cluster instead of a cluster of its own. */
  joins?: KafkaServer;
  /** The compiler that takes longer to begin with: for measuring. */
  measured?: boolean;
}

export interface KafkaServer {
  /** `host:port` where the cluster is controlled. */
  controller: string;
  /** `host:port`, for clients that go straight to it. */
  broker: string;
  /** `host:port` with TLS and sign-in; '' without `secure`. */
  secureBroker: string;
  readonly pid: number;
  /** Ends it as an operator would; what was written stays for `start`. */
  halt(): Promise<void>;
  /** SIGKILL; what was written stays for `start`. */
  kill(): Promise<void>;
  /** Again on the same ports with the same data, after `halt` or `kill`. */
  start(): Promise<void>;
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts a real Kafka broker, its own controller unless it joins another, on free ports of 127.0.0.1. Ready when it takes requests. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const part = await findPart('kafka');
  const dir = await mkdtemp(join(tmpdir(), 'aida-kafka-'));
  const [port, controllerPort, securePort] = [await freePort(), await freePort(), await freePort()];
  const file = join(dir, 'server.properties');
  await writeFile(file, properties(options, { dir, port, controllerPort, securePort }));
  await format(part, file, options);
  let broker = await launch(part, file, port, options);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    broker.child.kill('SIGCONT');
    broker.child.kill(signal);
    const timer = setTimeout(() => broker.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await broker.exited;
    clearTimeout(timer);
  };
  return {
    controller: options.joins?.controller ?? `127.0.0.1:${controllerPort}`,
    broker: `127.0.0.1:${port}`,
    secureBroker: options.secure ? `127.0.0.1:${securePort}` : '',
    get pid() {
      return broker.child.pid ?? 0;
    },
    halt: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async start() {
      broker = await launch(part, file, port, options);
    },
    pause: () => void broker.child.kill('SIGSTOP'),
    resume: () => void broker.child.kill('SIGCONT'),
    async stop() {
      await end('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Place {
  dir: string;
  port: number;
  controllerPort: number;
  securePort: number;
}

function properties({ proxied = [], secure, settings, joins }: KafkaOptions, place: Place): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${place.port}`];
  const advertised = [...listeners];
  const protocols = ['CONTROLLER:PLAINTEXT', 'PLAINTEXT:PLAINTEXT', 'SECURE:SASL_SSL'];
  for (const [index, { listenPort, advertisedPort }] of proxied.entries()) {
    listeners.push(`PROXIED${index}://127.0.0.1:${listenPort}`);
    advertised.push(`PROXIED${index}://127.0.0.1:${advertisedPort}`);
    protocols.push(`PROXIED${index}:PLAINTEXT`);
  }
  if (secure) {
    listeners.push(`SECURE://127.0.0.1:${place.securePort}`);
    advertised.push(`SECURE://127.0.0.1:${place.securePort}`);
  }
  const lines: Record<string, string> = {
    'process.roles': joins ? 'broker' : 'broker,controller',
    // Of all that join none needs a number that is the next.
    'node.id': joins ? String(place.port) : '1',
    'controller.quorum.voters': `1@${joins?.controller ?? `127.0.0.1:${place.controllerPort}`}`,
    listeners: [...listeners, ...(joins ? [] : [`CONTROLLER://127.0.0.1:${place.controllerPort}`])].join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': protocols.join(','),
    'log.dirs': join(place.dir, 'data'),
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    ...(secure ? secureSettings(secure) : {}),
    ...settings,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function secureSettings({ certificate, key, username, password }: NonNullable<KafkaOptions['secure']>) {
  const pem = (text: string) => text.trim().replaceAll('\n', '\\n');
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`;
  return {
    'listener.name.secure.ssl.keystore.type': 'PEM',
    'listener.name.secure.ssl.keystore.certificate.chain': pem(certificate),
    'listener.name.secure.ssl.keystore.key': pem(key),
    'listener.name.secure.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': plain,
    'listener.name.secure.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  };
}

const classPath = (part: Part): string[] => ['-cp', part.env['KAFKA_CLASSPATH'] ?? ''];
const SMALL = ['-Xmx384m', '-XX:+UseSerialGC', '-Xshare:auto'];
const QUICK = ['-XX:TieredStopAtLevel=1'];

async function format(part: Part, file: string, { secure }: KafkaOptions): Promise<void> {
  const scram = secure ? ['--add-scram', `SCRAM-SHA-512=[name=${secure.username},password=${secure.password}]`] : [];
  const args = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file, ...scram];
  const tool = run(part, [...QUICK, ...args]);
  const code = await tool.exited;
  if (code !== 0) throw new Error(`Kafka's folder could not be made, ${code}: ${tool.said()}`);
}

interface Program {
  child: ChildProcess;
  exited: Promise<number | null>;
  said(): string;
}

function run(part: Part, args: string[]): Program {
  const child = spawn(part.bin, [...SMALL, ...classPath(part), ...args], {
    env: part.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2_000)));
  const exited = new Promise<number | null>((resolve) =>
    child.once('exit', resolve).once('error', (error) => {
      output += error.message;
      resolve(null);
    }),
  );
  return { child, exited, said: () => output };
}

/** It listens once it has caught up with its own controller. */
async function launch(part: Part, file: string, port: number, { measured }: KafkaOptions): Promise<Program> {
  const broker = run(part, [...(measured ? [] : QUICK), 'kafka.Kafka', file]);
  let ended: number | null | undefined;
  void broker.exited.then((code) => (ended = code));
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (!(await listens(port))) {
    if (ended !== undefined) throw new Error(`Kafka ended with ${ended}: ${broker.said()}`);
    if (performance.now() > giveUpAt) {
      broker.child.kill('SIGKILL');
      throw new Error(`Kafka was not ready after ${READY_TIMEOUT_MS} ms: ${broker.said()}`);
    }
    await sleep(LOOK_MS);
  }
  return broker;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const tell = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', tell(true)).once('error', tell(false));
  });
}
