import { metricIn, metricsOf } from '../../src/sim/node-metrics.ts';

/** How many calls there were at a moment. */
export interface Moment {
  /** Since the callers began. */
  s: number;
  live: number;
  waiting: number;
  /** As the generators count them. */
  started: number;
  failed: number;
}

const everyMs = 1_000;
const tellEvery = 15;
const pagesEvery = 5;
const answerMsMax = 900;

export interface Watched {
  /** Ports of the nodes' metrics, as they are now. */
  opsPorts(): readonly number[];
  /** Ports at which generators answer what they have counted. */
  generatorPorts: readonly number[];
  /** Once a second. */
  onSecond: () => Promise<unknown>;
  /** Every few seconds, with what the nodes tell Prometheus; empty from one that did not answer. */
  onPages: (pages: readonly string[]) => Promise<unknown>;
  say(line: string): void;
}

/** Looks at nodes and generators once a second; tells in a line a few times a minute. */
export class Progress {
  readonly moments: Moment[] = [];
  readonly #watched: Watched;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#timer = this.#later();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        if (!this.#isOver) this.#timer = this.#later();
      });
    }, everyMs);
  }

  async #look(): Promise<void> {
    const { opsPorts, generatorPorts, onSecond, onPages, say } = this.#watched;
    const texts = await Promise.all(opsPorts().map((port) => within(metricsOf(port)).catch(() => '')));
    const counts = await Promise.all(generatorPorts.map((port) => countsOf(port)));
    await onSecond();
    if (this.moments.length % pagesEvery === 0) await onPages(texts);
    const moment: Moment = {
      s: Math.round((performance.now() - this.#startedAt) / 1000),
      live: texts.reduce((sum, text) => sum + metricIn(text, 'aida_calls_live'), 0),
      // Each node tells of the whole fleet.
      waiting: Math.max(0, ...texts.map((text) => metricIn(text, 'aida_waiting_callers'))),
      started: counts.reduce((sum, { started }) => sum + started, 0),
      failed: counts.reduce((sum, { failed }) => sum + failed, 0),
    };
    this.moments.push(moment);
    if (this.moments.length % tellEvery === 0) say(told(moment));
  }
}

const told = ({ s, live, waiting, started, failed }: Moment): string =>
  `${String(s).padStart(5)} s  ${started} calls begun, ${live} live, ${waiting} waiting, ${failed} failed`;

/** k6 tells over HTTP what it has counted so far. */
async function countsOf(port: number): Promise<{ started: number; failed: number }> {
  const count = async (metric: string): Promise<number> => {
    const answer = await within(fetch(`http://127.0.0.1:${port}/v1/metrics/${metric}`)).catch(() => null);
    if (answer?.status !== 200) return 0;
    const body = (await answer.json()) as { data?: { attributes?: { sample?: { count?: number } } } };
    return body.data?.attributes?.sample?.count ?? 0;
  };
  const [started, failed] = await Promise.all([count('aida_calls'), count('aida_failed')]);
  return { started, failed };
}

function within<T>(work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('too late')), answerMsMax).unref()),
  ]);
}
