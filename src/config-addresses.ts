/** Below it every node takes the carrier's media sockets. */
export const MEDIA_PATH = '/media-stream';
const LISTEN_PATH = '/listen';
/** By itself, or below one segment by which a proxy knows the node. */
const MEDIA_PATH_SHAPE = /^(\/[a-z0-9][a-z0-9.-]*)?\/media-stream$/;

/** The carrier refuses hosts with an underscore. */
export const publicHost = (value: string): boolean =>
  !new URL(value).hostname.includes('_') && !new URL(value).username;

/** Written as it is signed. */
export const isMediaUrl = ({ host, pathname }: URL, value: string): boolean =>
  MEDIA_PATH_SHAPE.test(pathname) && value === `wss://${host}${pathname}`;

/** Where every node takes media sockets, whatever its MEDIA_URL: a proxy may bring those of a node that is gone. */
export const mediaPaths = [MEDIA_PATH, `/:node${MEDIA_PATH}`] as const;

/** Where every node takes supervisors who listen to a call: beside the media sockets, so that a proxy knows whose they are. */
export const listenPaths = [LISTEN_PATH, `/:node${LISTEN_PATH}`] as const;

/** The address, or path, of a node's `/listen`, by that of its media sockets. */
export function listenAddress(mediaAddress: string): string {
  return mediaAddress.endsWith(MEDIA_PATH)
    ? `${mediaAddress.slice(0, -MEDIA_PATH.length)}${LISTEN_PATH}`
    : mediaAddress;
}

/** Where other nodes reach this one when NODE_URL says nothing. `opsPort` is the port that was listened on. */
export function defaultNodeUrl(host: string, opsPort: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${opsPort}`;
}
