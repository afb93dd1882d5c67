import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';

const defaultPorts = { plain: 80, secure: 443 } as const;

/** All sockets are read into it, one after the other: who is told of bytes uses them before the next read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** One for all connections: one each would be 30 KiB more. */
let secureContext: SecureContext | null = null;
/**
 * `http/1.1` with its length before it (RFC 7301, 3.1). Each socket keeps a copy: of strings and Buffers in a slab of
 * Node's pool, which then stays as a whole, of another view in memory of its own.
 */
const protocols = new DataView(Uint8Array.from([8, ...Buffer.from('http/1.1')]).buffer);

/**
 * Connects to the host of a `ws:` or `wss:` address. Certificates are checked as Node does it (NODE_EXTRA_CA_CERTS).
 * `onBytes` is told of the first `length` bytes, which are only valid during the call.
 */
export function connectTo(url: URL, onBytes: (bytes: Buffer, length: number) => void): Socket {
  const isSecure = url.protocol === 'wss:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (isSecure ? defaultPorts.secure : defaultPorts.plain);
  const callback = (length: number): boolean => {
    onBytes(readBuffer, length);
    return true;
  };
  const options = { host, port, onread: { buffer: readBuffer, callback } };
  if (!isSecure) return connectPlain(options);
  secureContext ??= createSecureContext();
  // An address is no server name (RFC 6066, 3).
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ ...options, ...servername, secureContext, ALPNProtocols: protocols });
}
