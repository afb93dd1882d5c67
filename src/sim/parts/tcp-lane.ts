import type { Socket } from 'node:net';

/** What a proxy does to what passes it. May be changed while connections are open. */
export interface Switches {
  /** Held back so long, each way. */
  delayMs: number;
  /**
   * A black hole, or half a line: nothing passes that way any more, not even an end, and nobody is told. What was sent
   * meanwhile arrives when it opens again, as TCP would repeat it.
   */
  drop: 'none' | 'both' | 'toServer' | 'toClient';
  /** Nobody listens. Connections that are open stay. */
  refuse: boolean;
  /** A line that drips, each way. */
  bytesPerS: number;
}

export const PASS_ALL: Switches = { delayMs: 0, drop: 'none', refuse: false, bytesPerS: Infinity };

/** A drip is a tenth of a second's bytes. */
const DRIPS_PER_S = 10;
/** What is held back beyond this stays in the sender's socket. */
const HELD_BYTES_MAX = 256 * 1024;

interface Held {
  bytes: Buffer | null;
  dueMs: number;
}

export interface LaneOptions {
  from: Socket;
  to: Socket;
  direction: 'toServer' | 'toClient';
  switches: () => Switches;
  /** Sees what passes, before it does; false swallows it. */
  pass: (bytes: Buffer) => boolean;
}

/** One direction of one connection: bytes in, the same bytes out when their time has come, the end after the last. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #dueMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #over = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { from, to } = options;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#take(null));
    to.on('drain', () => this.#flow());
  }

  /** The switches were changed: what is held back is timed anew. */
  retime(): void {
    const held = this.#held.splice(0);
    this.#dueMs = 0;
    for (const { bytes } of held) this.#hold(bytes);
    this.#wake();
  }

  stop(): void {
    this.#over = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #take(bytes: Buffer | null): void {
    if (this.#over) return;
    this.#heldBytes += bytes?.length ?? 0;
    this.#hold(bytes);
    this.#flow();
  }

  #hold(bytes: Buffer | null): void {
    const { delayMs, bytesPerS } = this.#options.switches();
    const soonestMs = performance.now() + delayMs;
    if (bytes === null) this.#held.push({ bytes, dueMs: Math.max(soonestMs, this.#dueMs) });
    const sliceBytes = Math.max(1, Math.floor(Math.min(bytesPerS / DRIPS_PER_S, bytes?.length ?? 0)));
    for (let at = 0; bytes && at < bytes.length; at += sliceBytes) {
      const slice = bytes.subarray(at, at + sliceBytes);
      this.#dueMs = Math.max(soonestMs, this.#dueMs + (slice.length * 1_000) / bytesPerS);
      this.#held.push({ bytes: slice, dueMs: this.#dueMs });
    }
  }

  #wake(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flow();
  }

  #flow(): void {
    if (this.#over) return;
    const { from, to, direction, switches, pass } = this.#options;
    const { drop } = switches();
    const isShut = drop === 'both' || drop === direction;
    for (let head = this.#held[0]; head && !isShut && !to.writableNeedDrain; head = this.#held[0]) {
      const waitMs = head.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer ??= setTimeout(() => this.#wake(), waitMs);
        break;
      }
      this.#held.shift();
      this.#heldBytes -= head.bytes?.length ?? 0;
      if (head.bytes === null) to.end();
      else if (pass(head.bytes)) to.write(head.bytes);
      if (this.#over) return;
    }
    const isFull = this.#heldBytes > HELD_BYTES_MAX || to.writableNeedDrain;
    if (isFull) from.pause();
    else if (from.isPaused()) from.resume();
  }
}
