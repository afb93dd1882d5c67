import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LogLines, logLines } from '../../grafana/verify/log-lines.ts';
import { type OtlpSink, startOtlpSink } from '../../grafana/verify/otlp-sink.ts';
import { ruleFiles } from '../../grafana/rules/index.ts';
import { rendered } from '../../grafana/rules/render.ts';
import { scaleOf } from '../../grafana/rules/scale.ts';
import { findPart } from '../../src/embedded/parts.ts';
import { freePort, startRedis } from '../../src/embedded/redis.ts';
import { haproxyConfig } from '../../src/http/haproxy.ts';
import { eventually } from '../../src/sim/eventually.ts';
import { type Haproxy, startHaproxy } from '../../src/sim/parts/haproxy.ts';
import { startKafka } from '../../src/sim/parts/kafka.ts';
import { startPostgres } from '../../src/sim/parts/postgres.ts';
import { type Prometheus, startPrometheus } from '../../src/sim/parts/prometheus.ts';
import { ROOT } from '../../toolchain/programs.ts';
import { readDemo, readServices, roleServices, type Service } from '../compose/services.ts';
import { placed, type Places } from './places.ts';
import { type Running, start } from './process.ts';

export interface DeployedStack {
  /** As docker-compose.yml names them. */
  processes: ReadonlyMap<string, Running>;
  /** Where the metrics of each are: `127.0.0.1:…`. */
  opsPlaces: ReadonlyMap<string, string>;
  proxy: Haproxy;
  prometheus: Prometheus;
  spans: OtlpSink;
  logs: LogLines;
  databaseUrl: string;
  /** The simulators' process, which ends when its promotion is over. */
  promotion(calls: number, atOnce: number): Running;
  stop(): Promise<void>;
}

const READY_MS_MAX = 90_000;
const SCRAPE_MS = 1_000;
/** An hour of the rules lasts a minute. */
const SCALE = scaleOf(1 / 60, 1);
const SYNTHETIC_EVERY_S = 10;
/** What containers have on a volume. */
const DATA = '/var/lib/aida';

/**
 * The services of docker-compose.yml with the demo's settings, as processes of this machine: real Redis, PostgreSQL, Kafka,
 * Prometheus and HAProxy on free ports, and every process of the image with its own environment and command. Grafana,
 * Loki, Tempo and Alertmanager are not there: spans and log lines are taken in and looked at instead.
 */
export async function startDeployed(say: (line: string) => void): Promise<DeployedStack> {
  const endings: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await build(endings, say)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  endings: (() => Promise<unknown>)[],
  say: (line: string) => void,
): Promise<Omit<DeployedStack, 'stop'>> {
  const services = await readServices(await readDemo());
  const dir = await mkdtemp(join(tmpdir(), 'aida-stack-'));
  endings.push(() => rm(dir, { recursive: true, force: true }));
  const spans = await startOtlpSink();
  endings.push(() => spans.close());
  say('Redis, PostgreSQL and Kafka');
  const parts = await startParts(services, endings, dir);
  const modelPlace = `127.0.0.1:${await freePort()}`;
  const carrierPlace = `127.0.0.1:${await freePort()}`;
  const proxyPort = await freePort();
  const places = new Map<string, string>([
    ...parts.places,
    ['tempo:4318', new URL(spans.url).host],
    ['simulators:8090', modelPlace],
    ['simulators:8091', carrierPlace],
    ['proxy:8080', `127.0.0.1:${proxyPort}`],
  ]);
  const own = await Promise.all(
    roleServices(services).map(async ([name]) => ({ name, port: await freePort(), opsPort: await freePort() })),
  );
  for (const { name, port, opsPort } of own) {
    places.set(`${name}:3000`, `127.0.0.1:${port}`);
    places.set(`${name}:3001`, `127.0.0.1:${opsPort}`);
  }
  const logs = logLines();
  const here = (service: Service | undefined): Record<string, string> => environmentHere(service, places, dir);

  say('the tables, and who may read them');
  const prepare = start('prepare', services['prepare']?.command ?? [], here(services['prepare']));
  if ((await prepare.exited) !== 0) throw new Error(`prepare failed: ${prepare.lines.join('\n')}`);
  await makeReader(parts.databaseUrl);

  say(own.map(({ name }) => name).join(', '));
  const processes = new Map<string, Running>();
  for (const { name, port, opsPort } of own) {
    const env = { ...here(services[name]), HOST: '127.0.0.1', PORT: String(port), OPS_PORT: String(opsPort) };
    const running = start(name, ['--max-semi-space-size=8', 'src/start.ts'], env, (line) => logs.take(line));
    processes.set(name, running);
    endings.push(() => running.stop());
  }
  const opsPlaces = new Map(own.map(({ name, opsPort }) => [name, `127.0.0.1:${opsPort}`]));
  await untilReady(processes, opsPlaces);

  say('HAProxy and Prometheus');
  const nodes = own.filter(({ name }) => services[name]?.environment?.['ROLES'] === 'call');
  const proxied = nodes.map((node) => ({ ...node, host: '127.0.0.1', mediaPath: `/${node.name}/media-stream` }));
  // All of it on one machine, perhaps with tests beside it: a node that answers late is not one that is gone.
  const config = haproxyConfig(proxied, `127.0.0.1:${proxyPort}`).replace('timeout check 500ms', 'timeout check 5s');
  const proxy = await startHaproxy(config, proxyPort);
  endings.push(() => proxy.stop());
  const syntheticPlace = `127.0.0.1:${await freePort()}`;
  const prometheus = await startPrometheus({
    intervalMs: SCRAPE_MS,
    job: 'aida',
    targets: [
      ...[...opsPlaces].map(([name, address]) => ({ address, labels: { instance: name } })),
      { address: syntheticPlace, labels: { job: 'synthetic', instance: 'synthetic' } },
    ],
    rules: Object.fromEntries(ruleFiles.map((file) => [file.name, rendered(file, SCALE)])),
  });
  endings.push(() => prometheus.stop());

  const promotion = (calls: number, atOnce: number): Running => {
    const service = services['simulators'];
    const options = [
      `--model-port=${new URL(`http://${modelPlace}`).port}`,
      `--carrier-port=${new URL(`http://${carrierPlace}`).port}`,
      `--calls=${calls}`,
      `--at-once=${atOnce}`,
    ];
    const command = commandHere(service, places, options, ['--host', '--stay']);
    const running = start('simulators', command, here(service), (line) => logs.take(line));
    endings.push(() => running.stop());
    const every = [
      `--every-seconds=${SYNTHETIC_EVERY_S}`,
      `--metrics-port=${new URL(`http://${syntheticPlace}`).port}`,
    ];
    const regular = commandHere(services['synthetic'], places, every, ['--metrics-host']);
    const synthetic = start('synthetic', regular, here(services['synthetic']), (line) => logs.take(line));
    endings.push(() => synthetic.stop());
    return running;
  };
  return { processes, opsPlaces, proxy, prometheus, spans, logs, databaseUrl: parts.databaseUrl, promotion };
}

async function startParts(
  services: Readonly<Record<string, Service>>,
  endings: (() => Promise<unknown>)[],
  dir: string,
): Promise<{ places: Places; databaseUrl: string }> {
  const started = async <T extends { stop(): Promise<unknown> }>(what: Promise<T>): Promise<T> => {
    const part = await what;
    endings.push(() => part.stop());
    return part;
  };
  // The first word is the program; what this machine's helper says itself comes before, the file's own words win.
  const args = (services['redis']?.command ?? []).slice(1);
  const starts = [
    started(startRedis({ dir, args })),
    started(startPostgres()),
    started(startKafka({ settings: { 'auto.create.topics.enable': 'false' } })),
  ] as const;
  await Promise.allSettled(starts);
  const [redis, postgres, kafka] = await Promise.all(starts);
  return {
    databaseUrl: postgres.url,
    places: new Map([
      ['redis:6379', `127.0.0.1:${redis.port}`],
      ['postgres:5432', `127.0.0.1:${postgres.port}`],
      ['kafka:9092', kafka.broker],
    ]),
  };
}

/** What a container of this service is told, with the addresses of this machine. */
function environmentHere(
  { environment = {} }: Service = { image: '' },
  places: Places,
  dir: string,
): Record<string, string> {
  const entries = Object.entries(environment).map(([name, value]) => [name, placed(value, places).replace(DATA, dir)]);
  const env = Object.fromEntries(entries) as Record<string, string>;
  const { DATABASE_URL: url } = env;
  // The server of this machine knows one user and one database, and asks for no password.
  if (url) env['DATABASE_URL'] = url.replace(/\/\/[^@]*@([^/]*)\/.*$/, '//postgres@$1/postgres');
  return env;
}

function commandHere(
  service: Service | undefined,
  places: Places,
  options: readonly string[],
  without: readonly string[],
): string[] {
  const keyOf = (option: string): string => option.split('=')[0] ?? '';
  const replaced = new Set([...options.map(keyOf), ...without]);
  const kept = (service?.command ?? []).filter((word) => !replaced.has(keyOf(word)));
  return [...kept.map((word) => placed(word, places)), ...options];
}

async function makeReader(url: string): Promise<void> {
  const { dir, env } = await findPart('postgres');
  const file = join(ROOT, 'grafana/provisioning/postgres-reader.sql');
  await promisify(execFile)(join(dir, 'psql'), [url, '-v', 'ON_ERROR_STOP=1', '-v', 'password=simulated', '-f', file], {
    env,
  });
}

async function untilReady(
  processes: ReadonlyMap<string, Running>,
  opsPlaces: ReadonlyMap<string, string>,
): Promise<void> {
  const isReady = async (address: string): Promise<boolean> => {
    const answer = await fetch(`http://${address}/readyz`).catch(() => null);
    await answer?.arrayBuffer();
    return answer?.status === 200;
  };
  await Promise.all(
    [...opsPlaces].map(async ([name, address]) => {
      const running = processes.get(name);
      const ended = running?.exited.then((code) => `ended with ${code}`);
      const ready = eventually(
        () => isReady(address),
        (is) => is,
        READY_MS_MAX,
      ).then((is) => (is ? null : 'was not ready'));
      const fault = await Promise.race([ready, ...(ended ? [ended] : [])]);
      if (fault !== null) throw new Error(`${name} ${fault}: ${running?.lines.slice(-10).join('\n')}`);
    }),
  );
}
