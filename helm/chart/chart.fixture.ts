import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as keda from '@kubernetes-models/keda/keda.sh/v1alpha1';
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
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
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[];
  containers: {
    name: string;
    args?: string[];
    env: Variable[];
    ports?: { name: string; containerPort: number }[];
    volumeMounts?: { name: string; mountPath: string }[];
    lifecycle?: { preStop: { exec: { command: string[] } } };
    readinessProbe?: { httpGet: { path: string } };
    livenessProbe?: { terminationGracePeriodSeconds?: number };
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

const rendered = new Map<string, Promise<Manifest[]>>();

/** What Helm renders; the same values are rendered once. Rejects with its words when it refuses. */
export function render(values: unknown = {}): Promise<Manifest[]> {
  const text = stringify(values);
  const known = rendered.get(text) ?? template(text);
  rendered.set(text, known);
  return known;
}

async function template(values: string): Promise<Manifest[]> {
  const { code, out, err } = await run('helm', ['template', 'aida', CHART, '--namespace', 'voice', '-f', '-'], values);
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
  return [...strict, ...manifests.flatMap(shapeFaults)];
}

interface Model {
  validate(): void;
}

const libraries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'apps/v1': apps,
  'batch/v1': batch,
  'keda.sh/v1alpha1': keda,
  'monitoring.coreos.com/v1': monitoring,
  'networking.k8s.io/v1': networking,
  'policy/v1': policy,
  v1: core,
};

function shapeFaults(manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest;
  const models = libraries[apiVersion] ?? {};
  const ModelOfKind = models[kind] as (new (data: unknown) => Model) | undefined;
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
