import { createHash, randomBytes } from 'node:crypto';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { Assembly } from './assembly.ts';
import type { FaultCode } from './faults.ts';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const keyBytes = 16;
const answerBytesMax = 16 * 1024;
const headEnd = '\r\n\r\n';
const switchingProtocols = 101;
/** Refusals of old proxies are of version 1.0. */
const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: .*)?$/;
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/;

export type Answer =
  | { is: 'unfinished' }
  /** Frames begin at `next`. */
  | { is: 'open'; next: number }
  | { is: 'refused'; status: number }
  | { is: 'fault'; code: FaultCode };

/** One opening handshake of a client (RFC 6455, 4.1). */
export class Handshake {
  /** Throws where a header's name or value may not be sent. */
  readonly request: string;
  readonly #accept: string;
  readonly #answer = new Assembly();

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    const key = randomBytes(keyBytes).toString('base64');
    this.#accept = createHash('sha1')
      .update(key + guid)
      .digest('base64');
    const lines = Object.entries(headers).map(([name, value]) => {
      validateHeaderName(name);
      validateHeaderValue(name, value);
      return `${name}: ${value}\r\n`;
    });
    this.request =
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${lines.join('')}\r\n`;
  }

  /** Bytes of the answer, however they were cut. */
  read(bytes: Buffer, to: number): Answer {
    const before = this.#answer.length;
    this.#answer.push(bytes, 0, to);
    const all = this.#answer.peek();
    let from = 0;
    for (;;) {
      const end = all.indexOf(headEnd, from, 'latin1');
      if (Math.max(end, from) > answerBytesMax || (end < 0 && all.length > answerBytesMax))
        return { is: 'fault', code: 'handshake_too_long' };
      if (end < 0) return { is: 'unfinished' };
      const next = end + headEnd.length;
      const answer = this.#judge(all.toString('latin1', from, end), next - before);
      if (answer !== null) return answer;
      from = next;
    }
  }

  /** Null: an informational answer, another one follows. */
  #judge(head: string, next: number): Answer | null {
    const [first = '', ...lines] = head.split('\r\n');
    const status = Number(statusLine.exec(first)?.[1]);
    const headers = headersOf(lines);
    const isOld = status === switchingProtocols && first.startsWith('HTTP/1.0');
    if (Number.isNaN(status) || isOld || headers === null) return { is: 'fault', code: 'handshake_malformed' };
    if (status < 200 && status !== switchingProtocols) return null;
    if (status !== switchingProtocols) return { is: 'refused', status };
    const code = this.#faultOf(headers);
    return code === null ? { is: 'open', next } : { is: 'fault', code };
  }

  #faultOf(headers: ReadonlyMap<string, string>): FaultCode | null {
    const connection = headers.get('connection')?.toLowerCase().split(',') ?? [];
    if (headers.get('upgrade')?.toLowerCase() !== 'websocket') return 'upgrade_missing';
    if (!connection.some((option) => option.trim() === 'upgrade')) return 'upgrade_missing';
    if (headers.get('sec-websocket-accept') !== this.#accept) return 'accept_wrong';
    if (headers.has('sec-websocket-extensions')) return 'extension_unasked';
    return headers.has('sec-websocket-protocol') ? 'subprotocol_unasked' : null;
  }
}

/** By name in small letters, repeated ones joined by commas; null where a line is none. */
function headersOf(lines: readonly string[]): Map<string, string> | null {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    const key = name.toLowerCase();
    const known = headers.get(key);
    headers.set(key, known === undefined ? value : `${known}, ${value}`);
  }
  return headers;
}
