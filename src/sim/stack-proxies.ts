import { type ProxyControls, startTcpProxy, type TcpProxy, together } from './parts/tcp-proxy.ts';

/** Proxies between the parts of a stack; `[i]` is of `nodes[i]`. */
export interface StackProxies {
  /** Of all nodes to Redis at once. */
  redis: ProxyControls;
  /** Empty where Redis is not at one address: a Sentinel has proxies of its own. */
  redisOf: TcpProxy[];
  /** The carrier's REST interface, for all nodes. */
  carrier: TcpProxy;
  /** NODE_URL: what other nodes probe. */
  nodeOps: TcpProxy[];
  /** The carrier's webhooks to this node. */
  web: TcpProxy[];
  /** The carrier's media sockets to this node. */
  media: TcpProxy[];
}

/** Starts all proxies of `count` nodes; nobody listens at a node's own until it is there. */
export async function startProxies(count: number, redisUrl: string, apiUrl: string): Promise<StackProxies> {
  const each = (target: number): Promise<TcpProxy[]> =>
    Promise.all(Array.from({ length: count }, () => startTcpProxy(target)));
  const redisPort = redisUrl.startsWith('redis://') ? Number(new URL(redisUrl).port) : null;
  const [redisOf, nodeOps, web, media, carrier] = await Promise.all([
    redisPort === null ? [] : each(redisPort),
    each(0),
    each(0),
    each(0),
    startTcpProxy(Number(new URL(apiUrl).port)),
  ]);
  return { redis: together(redisOf), redisOf, carrier, nodeOps, web, media };
}

export async function closeProxies({ redisOf, carrier, nodeOps, web, media }: StackProxies): Promise<void> {
  await Promise.all([...redisOf, carrier, ...nodeOps, ...web, ...media].map((proxy) => proxy.close()));
}

/** Heals all of them. */
export async function healProxies({ redisOf, carrier, nodeOps, web, media }: StackProxies): Promise<void> {
  await Promise.all([...redisOf, carrier, ...nodeOps, ...web, ...media].map((proxy) => proxy.heal()));
}
