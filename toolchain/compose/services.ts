import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { ROOT } from '../../toolchain/programs.ts';

export interface Service {
  image: string;
  build?: string;
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  profiles?: string[];
  networks?: Record<string, { aliases?: string[] } | null> | string[];
  depends_on?: string[] | Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  labels?: Record<string, string>;
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  stop_grace_period?: string;
}

/** Every service of docker-compose.yml, with variables filled in as the engine does it. */
export async function readServices(variables: Record<string, string>): Promise<Record<string, Service>> {
  const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
  const raw = parse(text, { merge: true }) as { services: Record<string, Service> };
  return filled(raw.services, variables) as Record<string, Service>;
}

export const readDemo = async (): Promise<Record<string, string>> =>
  parseEnv(await readFile(join(ROOT, '.env.demo'), 'utf8')) as Record<string, string>;

/** Names of the variables that must be set, in the order of the file. */
export async function neededVariables(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
  return [...text.matchAll(/(?<!\$)\$\{(\w+):\?/g)].map(([, name = '']) => name);
}

/** Values alone: keys are never filled in. `$$` is a dollar. */
function filled(value: unknown, variables: Record<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g, (all, name: string, kind: string, rest: string) => {
      if (all === '$$') return '$';
      const given = variables[name] ?? '';
      if (given !== '' || kind === undefined) return given;
      if (kind === '?') throw new Error(`${name} is not set: ${rest}`);
      return rest;
    });
  }
  if (Array.isArray(value)) return value.map((one) => filled(one, variables));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, variables)]));
  return value;
}

/** The processes of this project's own image. */
export const ownServices = (services: Record<string, Service>): [string, Service][] =>
  Object.entries(services).filter(([, { build }]) => build !== undefined);

/** Nodes, relay, consumers and console: what has roles. */
export const roleServices = (services: Record<string, Service>): [string, Service][] =>
  ownServices(services).filter(([, { environment = {} }]) => 'ROLES' in environment);

export const dependencies = ({ depends_on: needs = [] }: Service): string[] =>
  Array.isArray(needs) ? needs : Object.keys(needs);
