import type { RawData, WebSocket } from 'ws';
import type { SocketFault } from './plan.ts';
import type { Watch } from './watch.ts';

const GOING_AWAY = 1001;
const SERVER_ERROR = 1011;

/** The session's end of the socket, and the ways in which it breaks. */
export class Wire {
  /** Code and reason as they were seen when it closed; null while it is open. */
  closed: { readonly code: number; readonly reason: string } | null = null;
  frozen = false;
  /** The fault that broke it, if one did. */
  broken: SocketFault | null = null;
  readonly #socket: WebSocket;
  readonly #watch: Watch;
  #events = 0;

  readonly #wayMs: number;

  /** `wayMs`: what is said is on its way so long. */
  constructor(socket: WebSocket, watch: Watch, wayMs = 0) {
    this.#socket = socket;
    this.#watch = watch;
    this.#wayMs = wayMs;
  }

  /** When it has arrived; in order, and at once where there is no way to go. */
  later(arrive: () => void): void {
    if (this.#wayMs === 0) return arrive();
    setTimeout(arrive, this.#wayMs).unref();
  }

  send(type: string, body: Record<string, unknown>): void {
    if (this.frozen || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#events += 1;
    const text = JSON.stringify({ type, event_id: `event_${this.#events}`, ...body });
    this.later(() => this.#socket.send(text));
    this.#watch.changed();
  }

  close(code: number, reason: string): void {
    this.later(() => this.#socket.close(code, reason));
  }

  /** `die`: the client sees 1006. `freeze`: open, but nothing is read or written. `crash`: 1011. The others close with 1001. */
  break(fault: SocketFault): void {
    this.broken = fault;
    if (fault === 'die') {
      this.#socket.terminate();
    } else if (fault === 'freeze') {
      this.frozen = true;
      this.#socket.pause();
    } else if (fault === 'crash') {
      this.close(SERVER_ERROR, 'internal error');
    } else {
      this.close(GOING_AWAY, fault === 'expire' ? 'session_expired' : 'going away');
    }
  }

  /** A frozen socket reads and writes again; what was to be sent meanwhile is lost. */
  thaw(): void {
    this.frozen = false;
    this.#socket.resume();
  }
}

/** The words of a message; messages arrive whole, as one buffer. */
export function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString('utf8') : '';
}

/** The JSON object that a text message is; null when it is none. */
export function parseObject(data: RawData): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(textOf(data));
    const object = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return object ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
