import { fileURLToPath } from 'node:url';

/** What RECORDINGS_URL says. */
export type RecordingPlace =
  | { kind: 'folder'; path: string }
  | {
      kind: 's3';
      /** `https://host[:port]` without a trailing slash. */
      endpoint: string;
      region: string;
      bucket: string;
      /** Without slashes at its ends; '' for none. */
      prefix: string;
      accessKeyId: string;
      secretAccessKey: string;
    };

const REGION_DEFAULT = 'us-east-1';

/**
 * `file:///folder`, or `s3://KEY:SECRET@bucket[/prefix][?region=…&endpoint=https://…]`, S3-compatible services by path.
 * Null for anything else.
 */
export function parseRecordingsUrl(text: string): RecordingPlace | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol === 'file:') {
    const isFolder = url.host === '' && url.pathname !== '/' && url.search === '' && url.hash === '';
    return isFolder ? { kind: 'folder', path: fileURLToPath(url) } : null;
  }
  if (url.protocol !== 's3:' || url.hostname === '' || url.username === '' || url.password === '') return null;
  const region = url.searchParams.get('region') ?? REGION_DEFAULT;
  const endpoint = (url.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/?#]+$/.test(endpoint) || !/^[a-z0-9-]{1,40}$/.test(region)) return null;
  return {
    kind: 's3',
    endpoint,
    region,
    bucket: url.hostname,
    prefix: url.pathname.replace(/^\/+|\/+$/g, ''),
    accessKeyId: decodeURIComponent(url.username),
    secretAccessKey: decodeURIComponent(url.password),
  };
}
