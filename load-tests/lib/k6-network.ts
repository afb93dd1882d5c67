import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import http from 'k6/http';
import { WebSocket } from 'k6/websockets';
import { readWav } from '../../src/sim/voice/wav.ts';
import type { Network, Socket, SocketListener, WebAsk, WebResult } from './network.ts';

/** k6's codes of what went wrong before a connection was there: names and dials. */
const noConnection = { from: 1_100, to: 1_219 };
/** Of a request that took too long, and of a connection that did. */
const lateCodes = [1_050, 1_211];
const soundTimeoutMs = 5_000;
const bytesPerMs = 8;
/** k6's class has no constants. */
const openState = 1;

export const base64 = (bytes: Uint8Array): string =>
  encoding.b64encode(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer, 'std');

/** The virtual caller's world outside, as k6 has it: no Node, no URL, one event loop for all calls of a VU. */
export function k6Network(): Network {
  const sounds = new Map<string, Promise<number | null>>();
  return {
    nowMs: () => Date.now(),
    ask,
    soundMs(url, headers) {
      const known = sounds.get(url);
      if (known) return known;
      const asked = soundMs(url, headers);
      sounds.set(url, asked);
      // What could not be had may be there the next time.
      void asked.then((ms) => ms === null && sounds.delete(url));
      return asked;
    },
    open,
    later(ms, callback) {
      const timer = setTimeout(callback, Math.max(1, ms));
      return () => clearTimeout(timer);
    },
    hmac: (key, data) => crypto.hmac('sha1', key, data, 'base64'),
    random: () => Math.random(),
    decode(text) {
      try {
        return encoding.b64decode(text, 'std');
      } catch {
        return null;
      }
    },
  };
}

async function ask({ url, method, headers, body, timeoutMs, name }: WebAsk): Promise<WebResult> {
  const startedMs = Date.now();
  const spentMs = (): number => Date.now() - startedMs;
  try {
    const answer = await http.asyncRequest(method, url, body === '' ? null : body, {
      headers,
      timeout: timeoutMs,
      redirects: 0,
      responseType: 'text',
      tags: { name },
    });
    if (answer.status === 0) {
      const code = answer.error_code;
      const isNever = code >= noConnection.from && code <= noConnection.to;
      return { failed: isNever ? 'ct' : 'rt', isLate: lateCodes.includes(code), ms: spentMs() };
    }
    return {
      status: answer.status,
      contentType: answer.headers['Content-Type'] ?? '',
      location: answer.headers['Location'] ?? null,
      body: typeof answer.body === 'string' ? answer.body : '',
      ms: answer.timings.duration,
    };
  } catch {
    return { failed: 'ct', isLate: false, ms: spentMs() };
  }
}

async function soundMs(url: string, headers: Record<string, string>): Promise<number | null> {
  try {
    const params = { headers, timeout: soundTimeoutMs, responseType: 'binary', tags: { name: '/audio' } } as const;
    const answer = await http.asyncRequest('GET', url, null, params);
    if (answer.status !== 200 || !(answer.body instanceof ArrayBuffer)) return null;
    const bytes = new Uint8Array(answer.body);
    const isWav = /wav/.test(answer.headers['Content-Type'] ?? '');
    return (isWav ? readWav(bytes) : bytes).length / bytesPerMs;
  } catch {
    return null;
  }
}

function open(url: string, headers: Record<string, string>, listener: SocketListener): Socket {
  const socket = new WebSocket(url, null, { headers, tags: { name: '/media-stream' } });
  let refusal: string | null = null;
  let isClosed = false;
  const isOpen = (): boolean => socket.readyState === openState;
  socket.addEventListener('open', () => listener.onOpen());
  socket.addEventListener('message', (event) => listener.onMessage((event as { data: string }).data));
  socket.addEventListener('pong', () => listener.onPong());
  socket.addEventListener('error', (event) => {
    refusal = String((event as { error?: unknown }).error);
  });
  socket.addEventListener('close', (event) => {
    if (isClosed) return;
    isClosed = true;
    listener.onClose((event as unknown as { code?: number }).code ?? 0, refusal);
  });
  return {
    send(text) {
      if (isOpen()) socket.send(text);
    },
    ping() {
      if (isOpen()) socket.ping();
    },
    close() {
      if (isOpen()) socket.close(1000);
    },
    destroy() {
      if (isOpen()) destroy(socket);
    },
  };
}

/**
 * k6 ends a socket only when the other end answers the close, and an iteration only when all its sockets have ended: who
 * never answers would hold the run for good. But it gives a socket up at once where something is to be written after the
 * close, and this gets something behind it: `send` looks at its argument after it has looked at the socket's state.
 */
function destroy(socket: WebSocket): void {
  const { isView } = ArrayBuffer;
  ArrayBuffer.isView = (value: unknown): value is ArrayBufferView => {
    socket.close(1000);
    return isView(value);
  };
  try {
    socket.send(new Uint8Array(1));
  } finally {
    ArrayBuffer.isView = isView;
  }
}
