import type { Consumer } from 'kafkajs';

const limits = {
  /** Four sessions: the group has dealt the partitions out anew long before. */
  silentMs: 120_000,
  lookMs: 10_000,
} as const;

type Watched = Pick<Consumer, 'on' | 'events'>;

/**
 * Tells of a client that neither asks for messages nor says that it lives, and does not say that it has given up: nothing
 * else would end it, and its partitions may wait for nobody.
 */
export class ClientWatch {
  /** Resolves when it has been silent for too long; else never. */
  readonly silent: Promise<Error>;
  private readonly timer: NodeJS.Timeout;

  constructor(consumer: Watched, now: () => number = () => performance.now()) {
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.silent = promise;
    let heardMs = now();
    const hear = (): void => void (heardMs = now());
    const { FETCH_START, FETCH, HEARTBEAT, GROUP_JOIN } = consumer.events;
    consumer.on(FETCH_START, hear);
    consumer.on(FETCH, hear);
    consumer.on(HEARTBEAT, hear);
    consumer.on(GROUP_JOIN, hear);
    this.timer = setInterval(() => {
      if (now() - heardMs > limits.silentMs) resolve(new Error(`the client was silent for ${limits.silentMs} ms`));
    }, limits.lookMs);
  }

  end(): void {
    clearInterval(this.timer);
  }
}
