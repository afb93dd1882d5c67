import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What may be done to the nodes of a run. */
export interface Operated {
  readonly nodes: readonly { kill(signal: NodeJS.Signals): void; exited: Promise<number | null> }[];
  /** Starts a node again at its old address; resolves when it takes calls. */
  restart(index: number): Promise<void>;
}

/** A dead node comes back after so long, as an orchestrator would bring it. */
const deadMs = 3_000;
/** Above what a node takes to hand its calls over. */
const leaveMsMax = 60_000;

export interface Happening {
  /** Monotonic, from the operator's start. */
  atMs: number;
  what: string;
}

/** Takes orders of a running scenario over HTTP: `POST /kill`, `POST /roll`; both answer at once and are done meanwhile. */
export class Operator {
  readonly happenings: Happening[] = [];
  url = '';
  readonly #ground: Operated;
  readonly #restMs: number;
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #startedAt = performance.now();
  readonly #troubles: string[] = [];
  #work: Promise<void> = Promise.resolve();
  #next = 0;
  #isClosed = false;

  constructor(ground: Operated, restMs = deadMs) {
    this.#ground = ground;
    this.#restMs = restMs;
  }

  /** What went wrong while orders were carried out. */
  get troubles(): readonly string[] {
    return this.#troubles;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits for the order that is being carried out. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#work;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const orders: Record<string, () => Promise<void>> = {
      'POST /kill': () => this.#kill(),
      'POST /roll': () => this.#roll(),
    };
    const order = orders[`${request.method} ${request.url}`];
    if (!order) return void response.writeHead(404).end();
    this.#work = this.#work.then(order).catch((error: unknown) => void this.#troubles.push(String(error)));
    response.writeHead(202).end();
  }

  async #kill(): Promise<void> {
    const index = this.#next++ % this.#ground.nodes.length;
    this.#note(`node ${index + 1} is killed`);
    const node = this.#ground.nodes[index];
    node?.kill('SIGKILL');
    await node?.exited;
    await new Promise((resolve) => setTimeout(resolve, this.#restMs));
    if (this.#isClosed) return;
    await this.#ground.restart(index);
    this.#note(`node ${index + 1} is back`);
  }

  /** As a deployment does: one after the other is asked to end, has ended, and is started again under its name. */
  async #roll(): Promise<void> {
    for (const [index, node] of [...this.#ground.nodes].entries()) {
      if (this.#isClosed) return;
      this.#note(`node ${index + 1} is asked to end`);
      node.kill('SIGTERM');
      const code = await Promise.race([node.exited, late()]);
      if (code !== 0) throw new Error(`node ${index + 1} ${code === 'late' ? 'did not end' : `ended with ${code}`}`);
      await this.#ground.restart(index);
      this.#note(`node ${index + 1} is replaced`);
    }
  }

  #note(what: string): void {
    this.happenings.push({ atMs: performance.now() - this.#startedAt, what });
  }
}

function late(): Promise<'late'> {
  return new Promise((resolve) => setTimeout(() => resolve('late'), leaveMsMax).unref());
}
