import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { findPart } from '../../src/embedded/parts.ts';
import { ROOT } from '../../toolchain/programs.ts';

export const CHART = join(ROOT, 'helm/aida');

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

export interface Variable {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string; optional?: boolean }; fieldRef?: { fieldPath: string } };
}

export interface PodSpec {
  terminationGracePeriodSeconds?: number;
  containers: {
    name: string;
    args?: string[];
    env: Variable[];
    ports?: { name: string; containerPort: number }[];
    lifecycle?: { preStop: { exec: { command: string[] } } };
    readinessProbe?: { httpGet: { path: string } };
  }[];
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

async function run(program: string, args: readonly string[], input: string): Promise<Ended> {
  const { dir, env } = await findPart('helm');
  const child = spawn(join(dir, program), args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/** `helm lint --strict` with these values: what it dislikes. */
export async function lint(values: unknown): Promise<string> {
  const { code, out, err } = await run('helm', ['lint', '--strict', CHART, '-f', '-'], stringify(values));
  return code === 0 ? '' : out + err;
}

/** What Helm renders. Rejects with its words when it refuses. */
export async function render(values: unknown = {}, release = 'aida'): Promise<Manifest[]> {
  const args = ['template', release, CHART, '--namespace', 'voice', '-f', '-'];
  const { code, out, err } = await run('helm', args, stringify(values));
  if (code !== 0) throw new Error(err);
  return parseAllDocuments(out, { merge: false }).flatMap((document) => {
    const [fault] = document.errors;
    if (fault) throw fault;
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** What the API server would refuse: of its own kinds fields that it does not know, of all kinds wrong shapes. */
export async function faultsOf(manifests: readonly Manifest[]): Promise<string[]> {
  const { code, out, err } = await run('strict', [], JSON.stringify(manifests));
  if (code !== 0) throw new Error(err);
  const lines = out.split('\n').filter((line) => line !== '');
  const strict = lines.filter((line) => !/^skip (ScaledObject|ServiceMonitor|PrometheusRule)$/.test(line));
  return [...strict, ...(await Promise.all(manifests.map(shapeFaults))).flat()];
}

interface Model {
  validate(): void;
}

async function shapeFaults(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest;
  const library = apiVersion.startsWith('keda.sh')
    ? '@kubernetes-models/keda'
    : apiVersion.startsWith('monitoring.coreos.com')
      ? '@kubernetes-models/prometheus-operator'
      : 'kubernetes-models';
  const models = (await import(`${library}/${apiVersion}`)) as Record<string, new (data: unknown) => Model>;
  const ModelOfKind = models[kind];
  if (!ModelOfKind) return [`${apiVersion} has no ${kind}`];
  try {
    new ModelOfKind(manifest).validate();
    return [];
  } catch (error) {
    return [`${kind} ${manifest.metadata.name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

export const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

/** The pods of a workload. */
export function podOf({ spec }: Manifest): PodSpec {
  const { template } = spec as { template: { spec: PodSpec } };
  return template.spec;
}

export const workloads = (manifests: readonly Manifest[]): Manifest[] =>
  manifests.filter(({ kind }) => ['StatefulSet', 'Deployment', 'Job'].includes(kind));

/** What a process in the pod would see; secrets as `secret KEY`, the place of the pod made up. */
export function environmentOf(manifest: Manifest, secrets: Record<string, string> = {}): Record<string, string> {
  const place: Record<string, string> = { 'metadata.name': `${manifest.metadata.name}-0`, 'status.podIP': '10.1.2.3' };
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of podOf(manifest).containers[0]?.env ?? []) {
    const { secretKeyRef, fieldRef } = valueFrom ?? {};
    if (value !== undefined) env[name] = value.replaceAll(/\$\((\w+)\)/g, (all, key: string) => env[key] ?? all);
    else if (fieldRef) env[name] = place[fieldRef.fieldPath] ?? '';
    else if (secretKeyRef && secrets[secretKeyRef.key] !== undefined) env[name] = secrets[secretKeyRef.key] ?? '';
    else if (secretKeyRef && secretKeyRef.optional !== true) env[name] = `secret ${secretKeyRef.key}`;
  }
  return env;
}
