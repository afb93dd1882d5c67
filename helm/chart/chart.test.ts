import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentNames, readConfig } from '../../src/config.ts';
import { lacksPart } from '../../src/embedded/parts.ts';
import { ROOT } from '../../toolchain/programs.ts';
import {
  CHART,
  environmentOf,
  faultsOf,
  lint,
  type Manifest,
  ofKind,
  podOf,
  render,
  workloads,
} from './chart.fixture.ts';
import { matrix } from './values.fixture.ts';

const secrets = {
  DATABASE_URL: 'postgres://aida:secret@postgres:5432/aida',
  TWILIO_AUTH_TOKEN: 'token-of-the-account',
  OPENAI_API_KEY: 'sk-test',
  ADMIN_TOKEN: 'sixteen-characters-or-more',
  REDIS_PASSWORD: 'p%40ss',
  KAFKA_USERNAME: 'aida',
  KAFKA_PASSWORD: 'kafka-password',
};

interface Table {
  values: Record<string, string>;
  secrets: { needed: string[]; optional: string[] };
  chart: string[];
  none: string[];
}
const table = parse(await readFile(join(CHART, 'files/environment.yaml'), 'utf8')) as Table;
const defaults = parse(await readFile(join(CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;
const named = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = ofKind(manifests, kind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
};

describe.skipIf(await lacksPart('helm'))('the chart', () => {
  test.each(Object.entries(matrix))('renders, and the API server would take it: %s', async (_, values) => {
    expect(await lint(values)).toBe('');
    const manifests = await render(values);
    expect(manifests.length).toBeGreaterThan(4);
    expect(await faultsOf(manifests)).toEqual([]);
    for (const manifest of workloads(manifests)) {
      const config = readConfig(environmentOf(manifest, secrets));
      expect([manifest.metadata.name, config.opsPort, config.embedded]).toEqual([manifest.metadata.name, 3001, false]);
    }
  });

  test('what checks it finds what is wrong: an unknown field, a wrong type, a kind that does not exist', async () => {
    const [node] = ofKind(await render(), 'StatefulSet');
    const spoilt = (change: Record<string, unknown>) => faultsOf([{ ...node, ...change } as Manifest]);
    expect((await spoilt({ spec: { ...node?.spec, replica: 2 } })).join()).toContain('unknown field "spec.replica"');
    expect(await spoilt({ spec: { ...node?.spec, replicas: 'two' } })).not.toEqual([]);
    expect(await spoilt({ kind: 'StatefulSets' })).not.toEqual([]);
    const scaled = ofKind(await render(matrix['a cluster of Redis, scaled by KEDA']), 'ScaledObject');
    expect((await faultsOf([{ ...scaled[0], spec: { triggers: 'many' } } as unknown as Manifest])).length).toBe(1);
  });

  test('refuses values that cannot be, by name', async () => {
    const refusal = (values: unknown): Promise<string> => render(values).then(String, (error: Error) => error.message);
    expect(await refusal({ settings: { callsMax: 0 } })).toContain('/settings/callsMax');
    expect(await refusal({ nodez: {} })).toContain('nodez');
    expect(await refusal({ redis: { mode: 'sentinels' } })).toContain('/redis/mode');
    expect(await refusal({ publicUrl: 'voice.example.com' })).toContain('/publicUrl');
    expect(await refusal({ redis: { hosts: ['a', 'b'] } })).toContain('one host where redis.mode is single');
    expect(await refusal({ networkPolicy: { enabled: true } })).toContain('networkPolicy.ingressFrom');
  });

  test('values become the environment as the table says, and every variable stands in it once', async () => {
    const all = [...Object.values(table.values), ...table.secrets.needed, ...table.secrets.optional, ...table.chart];
    expect([...all, ...table.none].toSorted()).toEqual([...environmentNames].toSorted());
    const readme = await readFile(join(CHART, 'README.md'), 'utf8');
    for (const [path, name] of Object.entries(table.values)) {
      const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], defaults);
      const told = value === '' ? 'of the process' : `\`${String(value)}\``;
      expect(readme).toContain(`| \`${path}\` | \`${name}\` | ${told} |\n`);
    }
    for (const key of [...table.secrets.needed, ...table.secrets.optional]) expect(readme).toContain(`\`${key}\``);
  });

  test('each value reaches its variable unchanged, numbers too', async () => {
    const samples: Record<string, string | number> = {
      publicUrl: 'https://calls.example.org',
      'console.url': 'https://console.example.org',
      'settings.callsMax': 250,
      'settings.twilioCallsMax': 5000,
      'settings.modelSessionsMax': 99999,
      'settings.modelCadence': '20ms',
      'settings.modelSessionSeconds': 1800,
      'settings.modelPrices': 'text-in=5,audio-out=70.5',
      'settings.spendMax': '50/400.5',
      'settings.drainSeconds': 0,
      'settings.redact': 'phone,mail',
      'settings.logLevel': 'debug',
      'settings.telemetry': 'off',
      'settings.phone': 'on',
      'twilio.accountSid': `AC${'a'.repeat(32)}`,
      'twilio.apiUrl': 'https://api.ashburn.us1.twilio.com',
      'openai.realtimeUrl': 'wss://eu.example.com/v1/realtime',
      'openai.realtimeModel': 'gpt-realtime-3',
      'openai.apiUrl': 'https://eu.example.com/v1',
      'openai.fallback.realtimeUrl': 'wss://us.example.com/v1/realtime',
      'openai.fallback.realtimeModel': 'gpt-realtime-2',
      'openai.understanding.model': 'gpt-6-mini',
      'openai.understanding.tokensPerDay': 1_500_000,
      'kafka.brokers': 'kafka:9092',
      'kafka.sasl': 'plain',
      'traces.endpoint': 'http://tempo:4318',
      'traces.url': 'https://grafana.example.com/trace?id={trace}',
      'traces.ratio': 0.25,
    };
    expect(Object.keys(samples).toSorted()).toEqual(Object.keys(table.values).toSorted());
    const values: Record<string, unknown> = {};
    for (const [path, sample] of Object.entries(samples)) {
      const keys = path.split('.');
      const last = keys.pop() ?? '';
      const at = keys.reduce((one, key) => (one[key] ??= {}) as Record<string, unknown>, values);
      at[last] = sample;
    }
    const manifests = await render(values);
    for (const manifest of workloads(manifests)) {
      const env = environmentOf(manifest, secrets);
      for (const [path, name] of Object.entries(table.values))
        expect([name, env[name]]).toEqual([name, String(samples[path])]);
      readConfig(env);
    }
  });

  test('REDIS_URL is as the mode says, with the password of the Secret', async () => {
    const urlOf = async (redis: unknown) =>
      environmentOf(named(await render({ redis }), 'StatefulSet', 'aida-node'), secrets)['REDIS_URL'];
    expect(await urlOf({ hosts: ['redis:6379'] })).toBe('redis://redis:6379/0');
    expect(await urlOf({ hosts: ['r'], tls: true, hasPassword: true, database: 2 })).toBe('rediss://:p%40ss@r/2');
    const sentinel = { mode: 'sentinel', hosts: ['a:1', 'b:2'], primary: 'calls', username: 'u', hasPassword: true };
    expect(await urlOf({ ...sentinel, tls: true })).toBe('rediss+sentinel://u:p%40ss@a:1,b:2/calls/0');
    expect(await urlOf({ mode: 'cluster', hosts: ['a', 'b'] })).toBe('redis+cluster://a,b');
  });

  test('every node that there may be has a media address that leads to it alone', async () => {
    const manifests = await render(matrix['a cluster of Redis, scaled by KEDA']);
    const { rules } = named(manifests, 'Ingress', 'aida').spec as {
      rules: { host: string; http: { paths: { path: string; backend: { service: { name: string } } }[] } }[];
    };
    const paths = rules[0]?.http.paths ?? [];
    expect(paths).toHaveLength(81);
    for (const [at, { path, backend }] of paths.slice(0, -1).entries()) {
      const index = Math.floor(at / 2);
      const end = at % 2 === 0 ? 'media-stream' : 'listen';
      expect([path, backend.service.name]).toEqual([`/aida-node-${index}/${end}`, `aida-node-${index}`]);
      const { selector } = named(manifests, 'Service', backend.service.name).spec as { selector: object };
      expect(selector).toEqual({ 'statefulset.kubernetes.io/pod-name': `aida-node-${index}` });
    }
    const { MEDIA_URL: url } = environmentOf(named(manifests, 'StatefulSet', 'aida-node'), secrets);
    expect(url).toBe('wss://voice.example.com/aida-node-0/media-stream');
    expect(paths.at(-1)).toMatchObject({ path: '/', backend: { service: { name: 'aida-webhooks' } } });
  });

  test('people reach the console from outside, and nothing else of its port', async () => {
    const { rules } = named(await render(matrix['closed off']), 'Ingress', 'aida-console').spec as {
      rules: { host: string; http: { paths: { path: string }[] } }[];
    };
    expect(rules.map(({ host, http }) => [host, http.paths.map(({ path }) => path)])).toEqual([
      ['console.example.com', ['/admin', '/phone']],
    ]);
  });

  test('links in notices lead to where people reach the console', async () => {
    const urlOf = async (console: unknown) =>
      environmentOf(named(await render({ console }), 'Deployment', 'aida-console'), secrets)['CONSOLE_URL'];
    const ingress = { enabled: true, host: 'desk.example.com' };
    expect(await urlOf({ ingress })).toBe('https://desk.example.com');
    expect(await urlOf({ ingress, url: 'https://elsewhere.example.com' })).toBe('https://elsewhere.example.com');
    expect(await urlOf({})).toBeUndefined();
  });

  test('what values name by address is reached through the network policy', async () => {
    const manifests = await render({
      networkPolicy: { enabled: true, ingressFrom: [{ namespaceSelector: {} }], egressPorts: [443, 587] },
      redis: { mode: 'cluster', hosts: ['redis-0:7000', 'redis-1:7001', 'redis-2:7000'] },
      kafka: { brokers: 'kafka-0:9093,kafka-1:9094' },
      traces: { endpoint: 'http://tempo.monitoring:4318' },
      openai: { realtimeUrl: 'wss://model.example.com:8443/v1/realtime' },
    });
    const { egress } = named(manifests, 'NetworkPolicy', 'aida').spec as {
      egress: { to?: unknown; ports: { protocol: string; port: number }[] }[];
    };
    const open = egress.filter(({ to }) => to === undefined).flatMap(({ ports }) => ports);
    expect(open.map(({ protocol, port }) => `${protocol} ${port}`).toSorted()).toEqual(
      ['UDP 53', ...[53, 443, 587, 4318, 7000, 7001, 8443, 9093, 9094].map((port) => `TCP ${port}`)].toSorted(),
    );
  });

  test('who keeps the outbox puts what is too much of it on the claim', async () => {
    const manifests = await render({ relay: { archive: { existingClaim: 'outbox-archive' } } });
    for (const name of ['aida-relay', 'aida-analytics']) {
      const worker = named(manifests, 'Deployment', name);
      expect([name, environmentOf(worker, secrets)['OUTBOX_ARCHIVE']]).toEqual([name, '/var/lib/aida/outbox']);
      const { containers, volumes } = podOf(worker);
      expect(containers[0]?.volumeMounts).toContainEqual({ name: 'archive', mountPath: '/var/lib/aida' });
      expect(volumes).toContainEqual({ name: 'archive', persistentVolumeClaim: { claimName: 'outbox-archive' } });
    }
    expect(environmentOf(named(manifests, 'StatefulSet', 'aida-node'), secrets)).not.toHaveProperty('OUTBOX_ARCHIVE');
  });

  test('a process that hangs is not waited for as one that drains', async () => {
    for (const manifest of workloads(await render()).filter(({ kind }) => kind !== 'Job')) {
      const [container] = podOf(manifest).containers;
      expect([manifest.metadata.name, container?.livenessProbe?.terminationGracePeriodSeconds]).toEqual([
        manifest.metadata.name,
        20,
      ]);
    }
  });

  test('a pod gets the time that its drain needs, whatever that is set to', async () => {
    for (const [drainSeconds, callsMax] of [
      [0, 100],
      [300, 100],
      [540, 1000],
    ] as const) {
      const pod = podOf(named(await render({ settings: { drainSeconds, callsMax } }), 'StatefulSet', 'aida-node'));
      const needed = drainSeconds + 60 + Math.max(0, callsMax - 100) / 10;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed);
    }
  });

  test('an outage of Redis takes no node out of the service; workers that need it are not ready', async () => {
    const manifests = await render();
    const ready = (kind: string, name: string) =>
      podOf(named(manifests, kind, name)).containers[0]?.readinessProbe?.httpGet.path;
    expect(ready('StatefulSet', 'aida-node')).toBe('/readyz?except=redis,placement');
    expect(ready('Deployment', 'aida-console')).toBe('/readyz');
  });

  test('scales on calls and on the room that is left, up fast and down slowly, by metrics that there are', async () => {
    const [scaled] = ofKind(await render(matrix['a cluster of Redis, scaled by KEDA']), 'ScaledObject');
    const spec = scaled?.spec as {
      triggers: { metadata: { query: string; threshold: string } }[];
      advanced: { horizontalPodAutoscalerConfig: { behavior: Record<string, { stabilizationWindowSeconds: number }> } };
    };
    const names = await readFile(join(ROOT, 'docs/metrics.md'), 'utf8');
    for (const { metadata } of spec.triggers)
      for (const [metric] of metadata.query.matchAll(/aida_\w+/g)) expect(names).toContain(metric);
    expect(spec.triggers.map(({ metadata }) => metadata.threshold)).toEqual(['180', '300']);
    const { behavior } = spec.advanced.horizontalPodAutoscalerConfig;
    expect([
      behavior['scaleUp']?.stabilizationWindowSeconds,
      behavior['scaleDown']?.stabilizationWindowSeconds,
    ]).toEqual([0, 1800]);
    const [node] = ofKind(await render(matrix['a cluster of Redis, scaled by KEDA']), 'StatefulSet');
    expect(node?.spec).not.toHaveProperty('replicas');
  });

  test('rules and boards are those of the checkout, word by word', async () => {
    const manifests = await render(matrix['watched']);
    const groups = ofKind(manifests, 'PrometheusRule').flatMap(({ spec }) => (spec as { groups: unknown[] }).groups);
    const files = ['capacity', 'model', 'nodes', 'outside', 'pipelines', 'slo'];
    const own = await Promise.all(
      files.map(async (name) => {
        const rules = parse(await readFile(join(ROOT, `grafana/rules/${name}.yml`), 'utf8')) as { groups: unknown[] };
        return rules.groups;
      }),
    );
    expect(groups).toEqual(own.flat());
    const boards = ofKind(manifests, 'ConfigMap');
    expect(boards).toHaveLength(6);
    for (const { data = {} } of boards)
      for (const [name, text] of Object.entries(data))
        expect(text).toBe(await readFile(join(ROOT, 'grafana/dashboards', name), 'utf8'));
  });

  test('no pod may more than it must: nobody’s user, nothing to write, no token, every secret from the Secret', async () => {
    for (const values of Object.values(matrix)) {
      for (const manifest of workloads(await render(values))) {
        const pod = podOf(manifest) as unknown as Record<string, unknown>;
        expect(pod).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              securityContext: {
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        });
        for (const { name, value } of podOf(manifest).containers[0]?.env ?? [])
          if (/TOKEN|PASSWORD|SECRET|API_KEY|DATABASE_URL/.test(name)) expect([name, value]).toEqual([name, undefined]);
      }
    }
  });
});
