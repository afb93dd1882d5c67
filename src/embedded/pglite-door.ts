import type { PGlite } from '@electric-sql/pglite';
import { createServer, type Server, type Socket } from 'node:net';

/** An open transaction that says nothing for this long while others wait is rolled back and its connection closed. */
const IDLE_OWNER_MS = 10_000;
/** The longest message taken: a voicemail's audio fits many times. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

const STARTUP = 196_608;
const CANCEL = 80_877_102;
const SSL = 80_877_103;
const GSS = 80_877_104;
const QUERY = 'Q'.charCodeAt(0);
const SYNC = 'S'.charCodeAt(0);
const FLUSH = 'H'.charCodeAt(0);
const TERMINATE = 'X'.charCodeAt(0);
const SYNC_MESSAGE = Uint8Array.of(SYNC, 0, 0, 0, 4);

export interface DoorOptions {
  /** Default 10 s. */
  idleOwnerMs?: number;
  /** The database failed as a whole: it can't be used any more. */
  onFailure(error: unknown): void;
}

interface Visitor {
  socket: Socket;
  started: boolean;
  received: Buffer;
  /** Whole messages of the batch that is not complete yet. */
  gathered: Buffer[];
  /** Complete batches, to be run in this order. */
  batches: Batch[];
  gone: boolean;
}

interface Batch {
  bytes: Uint8Array;
  /** It ends in a message that the server answers with ReadyForQuery. */
  whole: boolean;
}

/**
 * Lets many connections use a PGlite, which is one PostgreSQL session. The session belongs to one connection from the
 * first message of a query until the server is ready again outside a transaction, so that neither a prepared
 * statement nor a transaction is ever shared; the others wait in their order of arrival.
 */
export class PgliteDoor {
  readonly #db: PGlite;
  readonly #server: Server;
  readonly #visitors = new Set<Visitor>();
  readonly #waiting: Visitor[] = [];
  #owner: Visitor | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #running = false;
  readonly #idleOwnerMs: number;

  constructor(db: PGlite, { idleOwnerMs = IDLE_OWNER_MS, onFailure }: DoorOptions) {
    this.#db = db;
    this.#idleOwnerMs = idleOwnerMs;
    this.#server = createServer({ noDelay: true }, (socket) => this.#welcome(socket, onFailure));
  }

  /** Listens on a free port of 127.0.0.1 and returns it. */
  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Takes no more connections and ends those that are open. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const visitor of this.#visitors) visitor.socket.destroy();
    await closed;
  }

  #welcome(socket: Socket, onFailure: (error: unknown) => void): void {
    const visitor: Visitor = {
      socket,
      started: false,
      received: Buffer.alloc(0),
      gathered: [],
      batches: [],
      gone: false,
    };
    this.#visitors.add(visitor);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      visitor.received = visitor.received.length > 0 ? Buffer.concat([visitor.received, bytes]) : bytes;
      this.#read(visitor);
      this.#run().catch(onFailure);
    });
    socket.on('close', () => {
      visitor.gone = true;
      this.#visitors.delete(visitor);
      if (this.#owner === visitor) this.#want(visitor);
      this.#run().catch(onFailure);
    });
  }

  #read(visitor: Visitor): void {
    for (;;) {
      const { received, started } = visitor;
      if (received.length < (started ? 5 : 8)) return;
      const length = started ? received.readInt32BE(1) + 1 : received.readInt32BE(0);
      if (length < (started ? 5 : 8) || length > MESSAGE_BYTES_MAX) return void visitor.socket.destroy();
      if (received.length < length) return;
      visitor.received = received.subarray(length);
      if (started) this.#gather(visitor, received.subarray(0, length));
      else this.#greet(visitor, received.subarray(0, length));
    }
  }

  #greet(visitor: Visitor, message: Buffer): void {
    const code = message.readInt32BE(4);
    if (code === SSL || code === GSS) return void visitor.socket.write('N');
    if (code === CANCEL || code !== STARTUP) return void visitor.socket.destroy();
    visitor.started = true;
    visitor.batches.push({ bytes: message, whole: true });
    this.#want(visitor);
  }

  #gather(visitor: Visitor, message: Buffer): void {
    const kind = message[0];
    if (kind === TERMINATE) return void visitor.socket.end();
    visitor.gathered.push(message);
    const whole = kind === QUERY || kind === SYNC;
    if (!whole && kind !== FLUSH) return;
    visitor.batches.push({ bytes: Buffer.concat(visitor.gathered), whole });
    visitor.gathered = [];
    this.#want(visitor);
  }

  #want(visitor: Visitor): void {
    if (!this.#waiting.includes(visitor)) this.#waiting.push(visitor);
  }

  #next(): Visitor | null {
    const at = this.#owner ? this.#waiting.indexOf(this.#owner) : 0;
    return this.#waiting.splice(at, at < 0 ? 0 : 1)[0] ?? null;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let visitor = this.#next(); visitor; visitor = this.#next()) {
      this.#unwatchOwner();
      const batch = visitor.batches.shift();
      if (visitor.gone) await this.#cleanUp(visitor);
      else if (batch) await this.#execute(visitor, batch);
      if (visitor.batches.length > 0) this.#want(visitor);
    }
    this.#running = false;
    this.#watchOwner();
  }

  async #execute(visitor: Visitor, batch: Batch): Promise<void> {
    this.#owner = visitor;
    await this.#send(batch.bytes, (bytes) => {
      if (!visitor.gone) visitor.socket.write(bytes);
    });
    if (batch.whole && !this.#db.isInTransaction()) this.#owner = null;
    if (visitor.gone) await this.#cleanUp(visitor);
  }

  async #cleanUp(visitor: Visitor): Promise<void> {
    visitor.batches = [];
    if (this.#owner !== visitor) return;
    await this.#send(SYNC_MESSAGE, () => {});
    if (this.#db.isInTransaction()) await this.#db.exec('ROLLBACK');
    this.#owner = null;
  }

  async #send(bytes: Uint8Array, onData: (bytes: Uint8Array) => void): Promise<void> {
    await this.#db.runExclusive(() =>
      this.#db.execProtocolRawStream(bytes, { onRawData: (data) => onData(data.slice()) }),
    );
  }

  /** The clock starts when somebody begins to wait and stops when the owner says something. */
  #watchOwner(): void {
    const owner = this.#owner;
    if (!owner || this.#waiting.length === 0) return;
    this.#idleTimer ??= setTimeout(() => owner.socket.destroy(), this.#idleOwnerMs);
  }

  #unwatchOwner(): void {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
  }
}
