import type { ChildProcess } from 'node:child_process';
import type { Log } from './telemetry/log.ts';

export interface SupervisorOptions {
  count: number;
  /** Starts one node, 0 the first. */
  start: (index: number) => ChildProcess;
  log: Log;
  limits?: Partial<SupervisorLimits>;
}

/** The pause before a node that died is started again: doubled each time, until one has lived for `steadyMs`. */
interface SupervisorLimits {
  pauseMs: number;
  pauseMsMax: number;
  steadyMs: number;
}

const LIMITS: SupervisorLimits = { pauseMs: 500, pauseMsMax: 30_000, steadyMs: 60_000 };

/** Said by a node, over its channel, when it may be given calls. */
export const READY = 'ready';

interface Seat {
  child: ChildProcess | null;
  timer: NodeJS.Timeout | null;
  pauseMs: number;
  /** Its process is on its way out to make room for a new one. */
  isRenewed: boolean;
  /** Told when its process is ready. */
  ready: () => void;
}

/**
 * Keeps nodes of one machine running, each in a process of its own. One that dies is started again; one that ends by
 * itself with code 0 was asked to, and stays away.
 */
export class Supervisor {
  /** Resolves with the exit code when no node is left and none is to come: 1 if one did not end well when asked to. */
  readonly over: Promise<number>;
  private readonly seats: Seat[];
  private readonly options: SupervisorOptions;
  private readonly limits: SupervisorLimits;
  private isLeaving = false;
  private isRenewing = false;
  private code = 0;
  private end: (code: number) => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.over = new Promise((resolve) => (this.end = resolve));
    this.seats = Array.from({ length: options.count }, () => ({
      child: null,
      timer: null,
      pauseMs: this.limits.pauseMs,
      isRenewed: false,
      ready: () => undefined,
    }));
    this.seats.forEach((_, index) => this.start(index));
  }

  /** Passes the signal on to every node and starts none any more. */
  leave(signal: NodeJS.Signals): void {
    this.isLeaving = true;
    for (const seat of this.seats) {
      if (seat.timer) clearTimeout(seat.timer);
      seat.timer = null;
      seat.child?.kill(signal);
      seat.ready();
    }
    this.look();
  }

  /**
   * Replaces each node by a new process, the next one when the successor of the last is ready; one that stayed away
   * comes back.
   */
  async renew(): Promise<void> {
    if (this.isRenewing) return;
    this.isRenewing = true;
    for (const [index, seat] of this.seats.entries()) {
      if (this.isLeaving) break;
      const isReady = new Promise<void>((resolve) => (seat.ready = resolve));
      seat.isRenewed = seat.child !== null;
      if (seat.child) seat.child.kill('SIGTERM');
      else if (!seat.timer) this.start(index);
      await isReady;
    }
    this.isRenewing = false;
    this.options.log.info('all nodes have been renewed');
  }

  private start(index: number): void {
    const seat = this.seats[index];
    if (!seat) return;
    const startedMs = performance.now();
    const child = this.options.start(index);
    seat.child = child;
    this.options.log.info({ node: index + 1, pid: child.pid }, 'a node starts');
    seat.timer = null;
    const gone = (code: number | null, signal: string | null): void => {
      if (seat.child !== child) return;
      seat.child = null;
      this.gone(index, seat, { code, signal, livedMs: performance.now() - startedMs });
    };
    child.on('message', (message) => {
      if (message === READY) seat.ready();
    });
    child.once('exit', gone);
    child.once('error', (error) => gone(null, error.message));
  }

  private gone(
    index: number,
    seat: Seat,
    { code, signal, livedMs }: { code: number | null; signal: string | null; livedMs: number },
  ): void {
    const { log } = this.options;
    const node = index + 1;
    if (seat.isRenewed && !this.isLeaving) {
      seat.isRenewed = false;
      log.info({ node, code, signal }, 'a node made room for a new one');
      return this.start(index);
    }
    if (this.isLeaving || code === 0) {
      log.info({ node, code, signal }, 'a node has ended');
      if (code !== 0) this.code = 1;
      return this.look();
    }
    if (livedMs >= this.limits.steadyMs) seat.pauseMs = this.limits.pauseMs;
    const { pauseMs } = seat;
    seat.pauseMs = Math.min(2 * pauseMs, this.limits.pauseMsMax);
    log.error({ node, code, signal, livedMs: Math.round(livedMs), pauseMs }, 'a node died and is started again');
    seat.timer = setTimeout(() => this.start(index), pauseMs);
  }

  private look(): void {
    if (this.seats.every(({ child, timer }) => child === null && timer === null)) this.end(this.code);
  }
}
