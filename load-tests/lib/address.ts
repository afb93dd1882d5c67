import { type Hosts, Places } from '../../src/sim/twilio/hosts.ts';

/** Where to connect to for a public URL. */
export interface Address {
  /** Scheme, host and port to connect to, path and query as they stand in the public URL. */
  url: string;
  /** Value for the Host header; null: what the URL says. */
  host: string | null;
}

/**
 * Public names → where they really are: a name in `hosts` (`https://aida.example.com`, `wss://node-1.example.com`) is
 * reached without TLS at its addresses in turn; any other one is reached as it is written.
 */
export class AddressBook {
  readonly #hosts: Hosts;
  readonly #places: Places;

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
    this.#places = new Places(hosts);
  }

  find(publicUrl: string): Address {
    const url = withoutFragment(publicUrl);
    const name = /^([a-z]+):\/\/[^/?#]+/.exec(url);
    if (name === null || this.#hosts[name[0]] === undefined) return { url, host: null };
    const place = this.#places.find(url);
    if (place === null) return { url, host: null };
    const scheme = name[1] === 'wss' || name[1] === 'ws' ? 'ws' : 'http';
    return { url: `${scheme}://${place.host}:${place.port}${place.target}`, host: place.publicHost };
  }
}

export function withoutFragment(url: string): string {
  const hash = url.indexOf('#');
  return hash < 0 ? url : url.slice(0, hash);
}

/** A URL of a document against the document's own: absolute, from the host's root, or beside the document. */
export function resolveUrl(url: string, base: string): string {
  if (/^[a-z]+:\/\//.test(url)) return url;
  const [, origin = '', path = '/'] = /^([a-z]+:\/\/[^/?#]+)([^?#]*)/.exec(base) ?? [];
  if (url.startsWith('/')) return origin + url;
  if (url === '') return withoutFragment(base);
  return origin + path.slice(0, path.lastIndexOf('/') + 1) + url;
}
