import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentNames, readConfig } from '../../src/config.ts';
import { haproxyConfig } from '../../src/http/haproxy.ts';
import { proxiedPlaces } from '../../src/nodes.ts';
import { ROOT } from '../../toolchain/programs.ts';
import { dependencies, neededVariables, ownServices, readDemo, readServices, roleServices } from './services.ts';

const demo = await readDemo();
const services = await readServices(demo);
/** What of the environment is not a node's business in containers, or is the image's. */
const ELSEWHERE = ['HOST', 'PORT', 'OPS_PORT', 'EMBEDDED', 'TELEMETRY', 'KAFKA_TLS', 'KAFKA_CA', 'KAFKA_SASL'];
const OF_SOME = ['ROLES', 'NODE_URL', 'MEDIA_URL', 'OUTBOX_ARCHIVE', 'KAFKA_USERNAME', 'KAFKA_PASSWORD'];
const NOT_SET = [...ELSEWHERE, ...OF_SOME, 'OTEL_EXPORTER_OTLP_HEADERS'];

const text = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');
const settingsOf = (name: string): Record<string, string> => services[name]?.environment ?? {};
const configOf = (name: string) => readConfig(settingsOf(name));

test('every variable that a process is told is one that it reads, and all that matter can be set', () => {
  for (const [name, { environment = {} }] of roleServices(services)) {
    const unknown = Object.keys(environment).filter((key) => !(environmentNames as string[]).includes(key));
    expect([name, unknown]).toEqual([name, []]);
    const missing = environmentNames.filter((key) => !(key in environment) && !NOT_SET.includes(key));
    expect([name, missing]).toEqual([name, []]);
  }
  for (const name of NOT_SET) expect(environmentNames).toContain(name);
});

test('with the demo’s settings each process would start: its configuration is accepted', () => {
  for (const [name] of roleServices(services)) expect(configOf(name).nodeId).toBe(name);
  const roles = roleServices(services).flatMap(([name]) => configOf(name).roles);
  expect(roles.toSorted()).toEqual(['analytics', 'call', 'call', 'console', 'relay']);
});

test('the demo sets all that must be set, and nothing that is not asked for', async () => {
  expect((await neededVariables()).filter((name) => !(name in demo))).toEqual([]);
  const compose = await text('docker-compose.yml');
  const unasked = Object.keys(demo).filter((name) => !name.startsWith('COMPOSE_') && !compose.includes(`\${${name}`));
  expect(unasked).toEqual([]);
  const example = await text('.env.compose');
  for (const name of await neededVariables()) expect(example).toMatch(new RegExp(`^${name}=`, 'm'));
});

test('every address that is given to a process is one where a service of that name listens', () => {
  const { redis, postgres, kafka } = services;
  expect(kafka?.environment?.['KAFKA_ADVERTISED_LISTENERS']).toBe(
    `PLAINTEXT://${settingsOf('node-1')['KAFKA_BROKERS']}`,
  );
  expect(postgres?.environment).toMatchObject({ POSTGRES_USER: 'aida', POSTGRES_DB: 'aida' });
  expect(redis?.command).toEqual(expect.arrayContaining(['--appendonly', '--maxmemory-policy', 'noeviction']));
  for (const [name, { environment = {} }] of ownServices(services)) {
    for (const value of Object.values(environment)) {
      const [, host] = /^[a-z+]+:\/\/(?:[^@/]*@)?([^:/]+):\d+/.exec(value) ?? [];
      if (host !== undefined && host !== '127.0.0.1')
        expect([name, Object.keys(services)]).toEqual([name, expect.arrayContaining([host])]);
    }
  }
});

test('ports: nodes at the ones that they listen on, the console, the simulators, the proxy', async () => {
  const { port, opsPort } = configOf('node-1');
  const proxy = await text('toolchain/compose/haproxy.cfg');
  expect(proxy).toContain(`server node-1 node-1:${port} check port ${opsPort}`);
  expect(settingsOf('node-1')['NODE_URL']).toBe(`http://node-1:${opsPort}`);
  expect(services['console']?.ports).toEqual([`127.0.0.1:${opsPort}:${opsPort}`]);
  const [, bound] = /^ {2}bind :(\d+)$/m.exec(proxy) ?? [];
  expect(services['proxy']?.ports).toEqual([`127.0.0.1:${bound}:${bound}`]);
  const simulators = services['simulators']?.command ?? [];
  expect(simulators).toContain(`--model-port=${new URL(demo['OPENAI_REALTIME_URL'] ?? '').port}`);
  expect(simulators).toContain(`--carrier-port=${new URL(demo['TWILIO_API_URL'] ?? '').port}`);
  expect(simulators).toContain(`--service=proxy:${bound}`);
  const scraped = parse(await text('grafana/prometheus/prometheus.yml')) as {
    scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[];
  };
  const jobs = Object.fromEntries(
    scraped.scrape_configs.map(({ job_name, dns_sd_configs }) => [job_name, dns_sd_configs]),
  );
  expect(jobs['aida']?.[0]).toMatchObject({ names: ['aida'], port: opsPort });
  for (const [, { networks }] of roleServices(services)) expect(networks).toEqual({ default: { aliases: ['aida'] } });
});

test('the proxy’s configuration is what the command writes for these nodes, each with its media path', async () => {
  const names = roleServices(services).filter(([name]) => configOf(name).roles.includes('call'));
  const places = proxiedPlaces({}, names.map(([name]) => name).join(','));
  expect(await text('toolchain/compose/haproxy.cfg')).toBe(haproxyConfig(places, ':8080', '127.0.0.11:53'));
  for (const { name, mediaPath } of places) {
    expect(new URL(configOf(name).mediaUrl).pathname).toBe(mediaPath);
    expect(new URL(configOf(name).mediaUrl).host).toBe(new URL(configOf(name).publicUrl).host);
  }
});

test('commands are files of this project with options that they know', async () => {
  for (const [name, { command = [] }] of ownServices(services)) {
    const [file, ...options] = command;
    if (file === undefined) continue;
    expect([name, existsSync(join(ROOT, file))]).toEqual([name, true]);
    const source = await text(file);
    for (const option of options) {
      const [, key = ''] = /^--([a-z-]+)/.exec(option) ?? [];
      expect([name, key, new RegExp(`['\\s]${key}'?: \\{ type`).test(source)]).toEqual([name, key, true]);
    }
  }
});

test('own processes write nowhere, may do nothing beyond their own, and their lines are collected', () => {
  for (const [name, service] of ownServices(services)) {
    expect([name, service]).toEqual([
      name,
      expect.objectContaining({
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        image: 'aida:0.1.0',
      }),
    ]);
  }
  for (const [name, { labels }] of roleServices(services))
    expect([name, labels]).toEqual([name, { 'aida.logs': 'true' }]);
});

test('who keeps the outbox puts what is too much of it where it outlives the process, all in one place', () => {
  const keepers = roleServices(services).flatMap(([name]) =>
    configOf(name).roles.some((role) => role === 'relay' || role === 'analytics') ? [name] : [],
  );
  expect(keepers).toEqual(['relay', 'analytics']);
  for (const name of keepers) {
    const place = [configOf(name).outboxArchive, services[name]?.volumes];
    expect([name, place]).toEqual([name, ['/var/lib/aida/outbox', ['outbox:/var/lib/aida']]]);
  }
});

test('a node gets the time that its drain needs', () => {
  for (const name of ['node-1', 'node-2']) {
    const [, minutes = '0'] = /^(\d+)m$/.exec(services[name]?.stop_grace_period ?? '') ?? [];
    const { drainS } = readConfig({ ...settingsOf(name), DRAIN_SECONDS: '' });
    expect(Number(minutes) * 60).toBeGreaterThanOrEqual(drainS + 60);
  }
});

test('nothing that is depended on is missing, and only the demo’s profile brings simulators', () => {
  for (const [name, service] of Object.entries(services))
    expect([name, dependencies(service).filter((need) => !(need in services))]).toEqual([name, []]);
  const inProfiles = Object.entries(services).filter(([, { profiles }]) => profiles !== undefined);
  expect(inProfiles.map(([name, { profiles }]) => [name, profiles])).toEqual([
    ['simulators', ['demo']],
    ['synthetic', ['demo']],
  ]);
  expect(demo['COMPOSE_PROFILES']).toBe('demo');
});

test('the demo leaves nothing behind that the real one would find', async () => {
  const [, own] = /^name: (\S+)$/m.exec(await text('docker-compose.yml')) ?? [];
  expect(own).toBe('aida');
  expect([undefined, '', own]).not.toContain(demo['COMPOSE_PROJECT_NAME']);
});
