/**
 * Where the public names really are: `https://voice.example.com` or `wss://media.example.com` (scheme and host as in
 * the URL, no path) → `127.0.0.1:port`, several of which are taken in turn as a balancer that checks nothing would, or
 * {@link BLACK_HOLE}. Read at each connection, so that a test may move a name while calls run.
 */
export type Hosts = Record<string, string | readonly string[]>;

/** An address whose host is gone: the connection is never made and never refused. */
export const BLACK_HOLE = 'black-hole';

export interface Place {
  host: string;
  port: number;
  /** Value for the Host header: the public name. */
  publicHost: string;
  /** Path and query as they stand in the URL, without fragment. */
  target: string;
}

/** Where to connect to; nobody ever says where {@link BLACK_HOLE} is. */
export function reach({ host, port }: Place): { host: string; port: number; lookup?: () => void } {
  return host === BLACK_HOLE ? { host, port, lookup: () => undefined } : { host, port };
}

/** Looks names up; remembers whose turn it is. */
export class Places {
  readonly #hosts: Hosts;
  readonly #turns = new Map<string, number>();

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  /** Null for a name that the map does not hold: as good as unknown to the DNS. */
  find(url: string): Place | null {
    const [, name, target = ''] = /^([a-z]+:\/\/[^/?#]+)([^#]*)/.exec(url) ?? [];
    const address = name === undefined ? null : this.#next(name);
    if (name === undefined || address === null) return null;
    const [host = '', port = ''] = address.split(':');
    return {
      host,
      port: Number(port),
      publicHost: name.replace(/^[a-z]+:\/\//, ''),
      target: target.startsWith('/') ? target : `/${target}`,
    };
  }

  #next(name: string): string | null {
    const known = this.#hosts[name] ?? [];
    const addresses = typeof known === 'string' ? [known] : known;
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    return addresses[turn % addresses.length] ?? null;
  }
}
