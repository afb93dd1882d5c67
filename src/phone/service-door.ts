import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sign } from '../webhook/signature.ts';

/** Parameters in the order in which they are sent. */
export type Params = readonly (readonly [string, string])[];

export interface DoorSettings {
  /** Origin that signatures cover. */
  publicUrl: string;
  /** The node's own `wss://…`. */
  mediaUrl: string;
  authToken: string;
  /** Origin of the webhooks in this process, null where it takes no calls. */
  own(): string | null;
}

/** What came of a request that was told to be tried again. `why`: in words. */
export type Asked = { kind: 'answered'; body: string } | { kind: 'failed'; why: string };

/** As the number is set up at the carrier: `#ct=1000&rt=2500&rc=3&rp=all`. */
const TRIES = 4;
const TRY_MS = 3_500;
const BETWEEN_TRIES_MS = 100;
const TWIML_BYTES_MAX = 64 * 1024;
const SOUND_BYTES_MAX = 16 * 1024 * 1024;
const SOUND_MS = 10_000;

/** The webhooks and media addresses of the nodes, as a carrier reaches them: everything is signed. */
export class ServiceDoor {
  private readonly settings: DoorSettings;

  constructor(settings: DoorSettings) {
    this.settings = settings;
  }

  /** Rejects only with what aborts `signal`. */
  async ask(url: string, params: Params, signal: AbortSignal): Promise<Asked> {
    const signed = withoutFragment(url);
    // Our signature opens doors: nobody else is shown one.
    if (!this.isOurs(signed)) return { kind: 'failed', why: 'an address elsewhere was to be asked' };
    const body = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value])).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': sign(
        this.settings.authToken,
        signed,
        [...params].map(([name, value]) => [name, value]),
      ),
      'i-twilio-idempotency-token': randomUUID(),
    };
    let why = '';
    for (let left = TRIES; left > 0; left -= 1) {
      try {
        const late = AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]);
        const response = await fetch(this.address(signed), {
          method: 'POST',
          headers,
          body,
          redirect: 'error',
          signal: late,
        });
        const text = String(await bounded(response, TWIML_BYTES_MAX));
        if (response.ok) return { kind: 'answered', body: text };
        why = `${new URL(signed).pathname} answered ${response.status}`;
      } catch (error) {
        signal.throwIfAborted();
        why = `${new URL(signed).pathname}: ${error instanceof Error ? error.message : String(error)}`;
      }
      await pause(BETWEEN_TRIES_MS, undefined, { signal });
    }
    return { kind: 'failed', why };
  }

  /** The bytes of a sound of ours; null where it cannot be had. Rejects only with what aborts `signal`. */
  async sound(url: string, signal: AbortSignal): Promise<Buffer | null> {
    if (!this.isOurs(url)) return null;
    try {
      const late = AbortSignal.any([signal, AbortSignal.timeout(SOUND_MS)]);
      const response = await fetch(this.address(withoutFragment(url)), { redirect: 'error', signal: late });
      return response.ok ? await bounded(response, SOUND_BYTES_MAX) : null;
    } catch {
      signal.throwIfAborted();
      return null;
    }
  }

  /** Where a media address may be reached, the best first, and what its upgrade is signed and named with. */
  streamPlaces(url: string): { urls: string[]; headers: Record<string, string> } {
    const { publicUrl, mediaUrl, authToken } = this.settings;
    const { host, pathname } = new URL(url);
    const own = this.settings.own();
    const inside = own === null ? [] : [`${own.replace(/^http/, 'ws')}${pathname}`];
    const outside = publicUrl.startsWith('http:') ? `ws://${host}${pathname}` : url;
    // Any node takes any media address: the call's place moves along.
    const urls = url === mediaUrl && own !== null ? inside : [outside, ...inside];
    return { urls, headers: { host, 'x-twilio-signature': sign(authToken, url, []) } };
  }

  /** Our own webhooks are asked here; the public name may lead nowhere from this machine. */
  private address(url: string): string {
    const { publicUrl } = this.settings;
    const own = this.settings.own();
    return own === null ? url : own + url.slice(publicUrl.length);
  }

  private isOurs(url: string): boolean {
    return url.startsWith(`${this.settings.publicUrl}/`);
  }
}

function withoutFragment(url: string): string {
  return url.split('#', 1)[0] ?? '';
}

async function bounded(response: Response, bytesMax: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > bytesMax) throw new RangeError(`the answer has more than ${bytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
