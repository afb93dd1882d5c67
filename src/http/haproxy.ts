import { listenAddress } from '../config-addresses.ts';

/** A node as a proxy on the same machine reaches it. */
export interface ProxiedNode {
  /** Its NODE_ID. */
  name: string;
  host: string;
  port: number;
  opsPort: number;
  /** The path of its MEDIA_URL. */
  mediaPath: string;
}

/** Where the carrier comes in, unless said otherwise. */
export const BIND = ':443 ssl crt /etc/haproxy/voice.pem alpn http/1.1';

const WEBHOOKS = 'webhooks';
const ALIVE = 'alive';
const ANYONE = 'anyone';

/**
 * A configuration of HAProxy 2.6 or newer: webhooks to any node that is ready, media sockets to the node whose address
 * they carry, or to another one when it is gone. Where no node answers checks, each is asked all the same. Host, path
 * and query stay as the carrier signed them.
 */
export function haproxyConfig(
  nodes: readonly ProxiedNode[],
  bind = BIND,
  /** `address:port` of who knows the nodes' names, where they are names whose addresses change. */
  nameserver: string | null = null,
): string {
  const places = nameserver === null ? [DEFAULTS] : [`${DEFAULTS} ${RESOLVED}`, namesKnownBy(nameserver)];
  const backends = [webhooks(nodes), ...nodes.map(mediaOf), alive(nodes), anyone(nodes)];
  const sections = [GLOBAL, ...places, frontend(nodes, bind), ...backends];
  return `${sections.join('\n\n')}\n`;

  function mediaOf(node: ProxiedNode): string {
    const others = nodes.filter((other) => other !== node);
    return lines(`backend media-${node.name}`, [
      ...asked('/healthz'),
      `server ${node.name} ${address(node)} check port ${node.opsPort}`,
      ...others.map((other) => `server ${other.name} ${address(other)} backup track ${ALIVE}/${other.name}`),
    ]);
  }
}

const GLOBAL = `# Written by \`npm run proxy\`. For HAProxy 2.6 or newer on the machine of the nodes.
# After a reload (haproxy -W, systemctl reload) the old process keeps the calls that it carries, and ends with the last.
global
  log stdout format raw local0 info
  maxconn 20000
  hard-stop-after 4h`;

const DEFAULTS = `defaults
  mode http
  log global
  option httplog
  option dontlognull
  option http-server-close
  option allbackups
  balance leastconn
  # Only what no node has seen is asked again: a webhook that was sent may have been obeyed.
  retry-on conn-failure
  retries 3
  option redispatch 1
  timeout connect 500ms
  timeout check 500ms
  timeout queue 1s
  timeout http-request 5s
  # Longer than the carrier waits for any webhook.
  timeout client 20s
  timeout server 20s
  # A media socket lasts for hours, and is never still for long: muted, it carries the nodes' pings.
  timeout tunnel 2m
  timeout client-fin 10s
  timeout server-fin 10s
  default-server inter 500ms fastinter 200ms fall 2 rise 2`;

/** A node that is not there yet is one that is away; one that is made anew has another address. */
const RESOLVED = 'resolvers names resolve-prefer ipv4 init-addr last,libc,none';
const namesKnownBy = (nameserver: string): string =>
  lines('resolvers names', [`nameserver known ${nameserver}`, 'hold valid 1s', 'timeout resolve 1s']);

function frontend(nodes: readonly ProxiedNode[], bind: string): string {
  return lines('frontend carrier', [
    `bind ${bind}`,
    ...nodes.map(({ name, mediaPath }) => {
      const backend = `media-${name}`;
      return `use_backend ${backend} if { path ${pathsOf(mediaPath)} } { nbsrv(${backend}) gt 0 }`;
    }),
    `use_backend ${ANYONE} if { nbsrv(${WEBHOOKS}) eq 0 }`,
    `default_backend ${WEBHOOKS}`,
  ]);
}

/** A node that drains is not ready. With Redis away none is, but each still answers as far as its own room goes. */
function webhooks(nodes: readonly ProxiedNode[]): string {
  return lines(`backend ${WEBHOOKS}`, [
    ...asked('/readyz'),
    ...nodes.map((node) => `server ${node.name} ${address(node)} check port ${node.opsPort}`),
    '# No node is ready: Redis is away. Each still answers as far as its own room goes.',
    ...nodes.map((node) => `server unready-${node.name} ${address(node)} backup track ${ALIVE}/${node.name}`),
  ]);
}

/** Asked for by others alone. */
function alive(nodes: readonly ProxiedNode[]): string {
  return lines(`backend ${ALIVE}`, [
    ...asked('/healthz'),
    ...nodes.map((node) => `server ${node.name} ${address(node)} check port ${node.opsPort}`),
  ]);
}

/** Nobody is asked whether they live: a connection that is refused goes to the next. */
function anyone(nodes: readonly ProxiedNode[]): string {
  return lines(`backend ${ANYONE}`, [
    '# No node answered two checks in a row. Late is not gone, and whoever is refused here loses the call.',
    ...nodes.map(({ name, mediaPath }) => `use-server ${name} if { path ${pathsOf(mediaPath)} }`),
    ...nodes.map((node) => `server ${node.name} ${address(node)}`),
  ]);
}

/** uWebSockets.js answers HTTP/1.1 only. */
const asked = (path: string): string[] => [
  'option httpchk',
  `http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host aida hdr Connection close`,
  'http-check expect status 200',
];
const pathsOf = (mediaPath: string): string => `${mediaPath} ${listenAddress(mediaPath)}`;
const address = ({ host, port }: ProxiedNode): string => `${host}:${port}`;
const lines = (head: string, body: readonly string[]): string => [head, ...body.map((line) => `  ${line}`)].join('\n');
