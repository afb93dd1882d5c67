import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { findPart } from '../../../src/embedded/parts.ts';
import { startStack } from '../../../src/sim/stack.ts';
import { startCarrierRest } from '../../run/carrier-rest.ts';
import { Carrier } from '../carrier.ts';
import { type Child, startChild, startProgram } from '../child.ts';
import { asStarted } from '../node-flags.ts';
import { askForStream, type StreamPlace } from './caller.ts';

const references = join(import.meta.dirname, '../references');
const watchUrl = pathToFileURL(join(import.meta.dirname, 'pauses.ts')).href;
const callsMax = 2_000;
/** HTTP wants one. */
export const anyHost = { host: 'aida.example.com' };
const readMsMax = 5_000;

/** What stands between the two ends of a line. */
export interface Contestant {
  name: string;
  /** Of the process that is measured; the others belong to the measurement as well. */
  pid: number;
  beside: readonly number[];
  /** Takes the caller's frames from the first on, whether or not the model is there. */
  keepsEarlyFrames: boolean;
  /** Where the next call's stream is to go. */
  place(): Promise<StreamPlace>;
  /** These calls have ended. */
  ended(callSids: readonly string[]): Promise<void>;
  /** Collections since the last time, ms each; null where nobody counts. */
  pauses(): Promise<number[]>;
  stop(): Promise<void>;
}

/** In MODEL_CADENCE's words. */
export type Cadence = '20ms' | 'adaptive';

export interface Certificate {
  key: string;
  cert: string;
  keyFile: string;
  /** Of the certificate, for NODE_EXTRA_CA_CERTS. */
  file: string;
  remove(): Promise<void>;
}

/** A certificate of its own for 127.0.0.1, on the curve that the real endpoint's is on. */
export async function makeCertificate(): Promise<Certificate> {
  const dir = await mkdtemp(join(tmpdir(), 'aida-bench-'));
  const [keyFile, file] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...name, '-keyout', keyFile, '-out', file]);
  const [key, cert] = await Promise.all([readFile(keyFile, 'utf8'), readFile(file, 'utf8')]);
  return { key, cert, keyFile, file, remove: () => rm(dir, { recursive: true }) };
}

/** Roles of the two processes: the one that carries calls is measured. */
const roles = ['call', 'relay,analytics,console'] as const;

/** A node that carries calls, all features on; beside it, on the other core, Redis, the database and who reads the outbox. */
export async function startAida(
  cadence: Cadence,
  modelUrl: string,
  caFile?: string,
  more: Record<string, string> = {},
): Promise<Contestant> {
  let pauses: number[] | null = null;
  const rest = await startCarrierRest();
  const stack = await startStack({
    model: null,
    nodes: roles.length,
    each: (index) => ({ env: { ROLES: roles[index] ?? '' } }),
    env: {
      OPENAI_REALTIME_URL: modelUrl,
      TWILIO_API_URL: rest.url,
      CALLS_MAX: String(callsMax),
      MODEL_CADENCE: cadence,
      ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
      ...(await asStarted(`--import=${watchUrl}`)),
      ...more,
    },
    onLog: (line) => {
      if (line.startsWith('{"pauses":')) pauses = (JSON.parse(line) as { pauses: number[] }).pauses;
    },
  });
  const { node, nodes, redis, database } = stack;
  const carrier = Carrier.of(stack);
  return {
    name: `Aida, ${cadence}`,
    pid: node.pid,
    beside: [redis.pid, database.pid, ...nodes.slice(1).map(({ pid }) => pid)],
    keepsEarlyFrames: true,
    place: () => askForStream(carrier),
    ended: async (callSids) => {
      await Promise.all(callSids.map((callSid) => carrier.complete(callSid)));
    },
    pauses: async () => {
      pauses = null;
      node.kill('SIGUSR2');
      const from = performance.now();
      while (pauses === null && performance.now() - from < readMsMax) await new Promise((go) => setTimeout(go, 20));
      return pauses ?? [];
    },
    stop: async () => {
      carrier.close();
      await stack.stop();
      await rest.close();
    },
  };
}

/** One of the references: a process that takes any stream. */
function asContestant(name: string, child: Child): Contestant {
  const { port } = child.ready as { port: number };
  let calls = 0;
  return {
    name,
    pid: child.pid,
    beside: [],
    keepsEarlyFrames: false,
    place: async () => {
      const callSid = `CA${String(++calls).padStart(32, '0')}`;
      return {
        port,
        path: '/media-stream',
        headers: anyHost,
        accountSid: `AC${'0'.repeat(32)}`,
        callSid,
        parameters: {},
      };
    },
    ended: async () => undefined,
    pauses: async () => [],
    stop: () => child.stop(),
  };
}

async function startReference(name: string, file: string, args: string[], caFile?: string): Promise<Contestant> {
  const env = caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile };
  return asContestant(name, await startChild(join(references, file), args, env));
}

export function startBareSplice(modelUrl: string, caFile?: string): Promise<Contestant> {
  return startReference('bare splice', 'bare-splice.ts', [modelUrl], caFile);
}

export function startWsJson(modelUrl: string): Promise<Contestant> {
  return startReference('ws and JSON', 'ws-json.ts', [modelUrl]);
}

/** Its packages are fetched when they are not here. */
export async function startAgentsSdk(modelUrl: string): Promise<Contestant> {
  const { bin: packages } = await findPart('references');
  return startReference('agents SDK', 'agents-sdk.ts', [modelUrl, packages]);
}

/** The same bare splice in Go, built here; whoever has no Go measures without it. */
export async function startGoSplice(modelUrl: string): Promise<Contestant> {
  const dir = await mkdtemp(join(tmpdir(), 'aida-bench-'));
  try {
    const program = join(dir, 'go-splice');
    await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: join(references, 'go-splice') });
    return asContestant('bare splice in Go', await startProgram(program, [modelUrl]));
  } finally {
    await rm(dir, { recursive: true });
  }
}
