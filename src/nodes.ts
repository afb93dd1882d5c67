import { type Config, ConfigError, readConfig, readSome } from './config.ts';
import type { ProxiedNode } from './http/haproxy.ts';

type Environment = Record<string, string | undefined>;

/** The public port and the one beside it. */
const PORTS_PER_NODE = 2;
const PORT_MAX = 65_535;
const NODE_ID_LENGTH_MAX = 59;
const NODES_MAX = 64;
/** As a segment of a media path may be. */
const HOST_NAME = /^[a-z0-9][a-z0-9.-]*$/;

/**
 * The environments of `count` nodes on one machine, which share their settings and nothing else. Node n of `NODE_ID` is
 * `NODE_ID-n`; its PORT, OPS_PORT and NODE_URL's port are two further than its predecessor's (0 stays 0: any free one),
 * its MEDIA_URL has a path of its own, so that one name and one certificate do for all: `wss://host/n/media-stream`, or
 * `wss://host/a-n/media-stream` where MEDIA_URL is `wss://host/a/media-stream`.
 * @throws ConfigError
 */
export function nodeEnvironments(env: Environment, count: number): Record<string, string>[] {
  const config = readConfig(env);
  const problems = problemsOf(config, count);
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  const shared = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return Array.from({ length: count }, (_, index) => ({ ...shared, ...own(config, index) }));
}

/** The same nodes as a proxy on their machine reaches them. */
export function proxiedNodes(env: Environment, count: number): ProxiedNode[] {
  return nodeEnvironments(env, count).map((environment) => {
    const { nodeId, host, port, opsPort, mediaUrl } = readConfig(environment);
    const isAny = host === '0.0.0.0' || host === '::';
    return { name: nodeId, host: isAny ? '127.0.0.1' : host, port, opsPort, mediaPath: new URL(mediaUrl).pathname };
  });
}

/**
 * Nodes that listen on the ports of these settings, each at a name of its own and with a media path by it:
 * `node-1,node-2`. Throws ConfigError.
 */
export function proxiedPlaces(env: Environment, names: string): ProxiedNode[] {
  const { PORT: port, OPS_PORT: opsPort } = readSome(env, ['PORT', 'OPS_PORT']);
  const hosts = names.split(',').map((name) => name.trim());
  const odd = hosts.find((host) => !HOST_NAME.test(host));
  if (odd !== undefined) throw new ConfigError(`--at: '${odd}' is not the name of a host in lower case`);
  return hosts.map((host) => ({ name: host, host, port, opsPort, mediaPath: `/${host}/media-stream` }));
}

/** What tells node `index`, 0 the first, from its siblings. */
function own(config: Config, index: number): Record<string, string> {
  const number = index + 1;
  const media = new URL(config.mediaUrl);
  const [, prefix = ''] = /^\/([^/]+)\/media-stream$/.exec(media.pathname) ?? [];
  const segment = prefix === '' ? String(number) : `${prefix}-${number}`;
  return {
    NODE_ID: `${config.nodeId.slice(0, NODE_ID_LENGTH_MAX)}-${number}`,
    PORT: String(portOf(config.port, index)),
    OPS_PORT: String(portOf(config.opsPort, index)),
    MEDIA_URL: `wss://${media.host}/${segment}/media-stream`,
    ...(config.nodeUrl === null ? {} : { NODE_URL: shifted(config.nodeUrl, index) }),
  };
}

function problemsOf(config: Config, count: number): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(count) || count < 1 || count > NODES_MAX) problems.push(`--nodes must be 1 to ${NODES_MAX}`);
  if (config.redisUrl === null || config.databaseUrl === null)
    problems.push('--nodes needs REDIS_URL and DATABASE_URL: what EMBEDDED starts is of one process alone');
  if (config.nodeUrl !== null && new URL(config.nodeUrl).port === '')
    problems.push('NODE_URL must name its port with --nodes: each node has its own');
  const indices = Array.from({ length: Math.min(count, NODES_MAX) || 0 }, (_, index) => index);
  const ports = indices.flatMap((index) => [portOf(config.port, index), portOf(config.opsPort, index)]);
  const fixed = ports.filter((port) => port !== 0);
  if (new Set(fixed).size !== fixed.length)
    problems.push(`PORT ${config.port} and OPS_PORT ${config.opsPort}: two nodes would have the same port`);
  if (fixed.some((port) => port > PORT_MAX)) problems.push(`${count} nodes need ports above ${PORT_MAX}`);
  return problems;
}

const portOf = (first: number, index: number): number => (first === 0 ? 0 : first + PORTS_PER_NODE * index);

function shifted(url: string, index: number): string {
  const place = new URL(url);
  place.port = String(portOf(Number(place.port), index));
  return place.href.replace(/\/$/, '');
}
