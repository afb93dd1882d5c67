/**
 * Where the public names really are: `https://voice.example.com` or `wss://media.example.com` (scheme and host as in
 * the URL, no path) → `127.0.0.1:port`. Read at each connection, so that a test may move a name while calls run.
 */
export type Hosts = Record<string, string>;

export interface Place {
  host: string;
  port: number;
  /** Value for the Host header: the public name. */
  publicHost: string;
  /** Path and query as they stand in the URL, without fragment. */
  target: string;
}

/** Null for a name that the map does not hold: as good as unknown to the DNS. */
export function resolvePlace(hosts: Hosts, url: string): Place | null {
  const found = /^([a-z]+:\/\/[^/?#]+)([^#]*)/.exec(url);
  const address = found?.[1] === undefined ? undefined : hosts[found[1]];
  if (found?.[1] === undefined || address === undefined) return null;
  const [host = '', port = ''] = address.split(':');
  const target = found[2] ?? '';
  return {
    host,
    port: Number(port),
    publicHost: found[1].replace(/^[a-z]+:\/\//, ''),
    target: target.startsWith('/') ? target : `/${target}`,
  };
}
