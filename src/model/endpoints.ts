import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Breaker, type Passage } from './breaker.ts';
import { blameOf, labelOf, type Stage } from './errors.ts';
import type { ModelSettings } from './profile.ts';
import { ModelSocket, type SessionSocket, type SocketListener } from './socket.ts';

/** A call that was let down by an endpoint tries another one first, for so long. */
const avoidedMs = 10_000;
/** Calls of which that is remembered. */
const avoidedMax = 1_000;

export interface EndpointsDeps {
  /** In the order in which they are tried, one at least. */
  endpoints: readonly ModelSettings[];
  log: Log;
  metrics: Pick<Metrics, 'modelSessionsOpened' | 'modelConnectSeconds' | 'modelSessionsLost' | 'modelEndpointResting'>;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Leave for one session at one endpoint, and what is to be told of it. */
export interface Leave {
  model: string;
  connect(listener: SocketListener): SessionSocket;
  configured(): void;
  /** The model was heard for the first time. */
  spoke(): void;
  /** Returns whether the call's next session would be lost the same way. */
  lost(code: string, isFatal: boolean): boolean;
  /** Given back before it was lost. */
  left(): void;
}

interface Endpoint {
  name: string;
  settings: ModelSettings;
  breaker: Breaker;
}

/** The model's endpoints, the first that can be had before the others. */
export class Endpoints {
  readonly #deps: EndpointsDeps;
  readonly #endpoints: readonly Endpoint[];
  /** By CallSid: what let the call down, and when. Oldest first. */
  readonly #avoided = new Map<string, { endpoint: Endpoint; at: number }>();
  #wasUsable = true;

  constructor(deps: EndpointsDeps) {
    this.#deps = deps;
    this.#endpoints = deps.endpoints.map((settings, index) => {
      const name = index === 0 ? 'first' : 'fallback';
      deps.metrics.modelEndpointResting.set({ endpoint: name }, 0);
      return { name, settings, breaker: this.#breaker(name, settings) };
    });
  }

  /** An endpoint works, or may again in a moment: calls that begin now will have an assistant. */
  get usable(): boolean {
    return this.#endpoints.some(({ breaker }) => !breaker.isDown);
  }

  /** A session may be opened somewhere now. */
  get admits(): boolean {
    return this.#endpoints.some(({ breaker }) => breaker.admits);
  }

  /** Where the call's next session is opened; where no endpoint admits one, it is lost without a socket. */
  enter(callSid: string): Leave {
    const avoided = this.#avoidedBy(callSid);
    const open = this.#endpoints.filter(({ breaker }) => breaker.admits);
    const others = open.filter((each) => each !== avoided);
    // While one works no caller has to find out whether another one does again.
    const endpoint = others.find(({ breaker }) => breaker.state === 'closed') ?? others[0] ?? open[0];
    return endpoint ? this.#leave(endpoint, callSid) : this.#refusal();
  }

  /** Leave to try an endpoint whose rest is over, so that no caller has to; null where there is nothing to find out. */
  enterTrial(): Leave | null {
    const due = this.#endpoints.find(({ breaker }) => breaker.state !== 'closed' && breaker.admits);
    return due ? this.#leave(due, null) : null;
  }

  #leave(endpoint: Endpoint, callSid: string | null): Leave {
    const { name, settings, breaker } = endpoint;
    const passage: Passage = breaker.enter();
    let stage: Stage = 'opening';
    const { metrics, now } = this.#deps;
    const openedAt = now();
    metrics.modelSessionsOpened.inc({ endpoint: name });
    return {
      model: settings.model,
      connect: (listener) => new ModelSocket(settings, listener, this.#deps.log),
      configured: () => {
        stage = 'configured';
        metrics.modelConnectSeconds.of({ endpoint: name }).observe((now() - openedAt) / 1_000);
        passage.configured();
      },
      spoke: () => {
        stage = 'spoke';
        passage.spoke();
      },
      lost: (code, isFatal) => {
        this.#deps.metrics.modelSessionsLost.inc({ endpoint: name, code: labelOf(code) });
        passage.lost(code, isFatal);
        const isToBlame = isFatal || blameOf(code, isFatal, stage) !== 'nothing';
        if (callSid !== null && isToBlame) this.#avoid(callSid, endpoint);
        return isFatal && !this.#endpoints.some((each) => each !== endpoint && !each.breaker.isDown);
      },
      left: () => passage.left(),
    };
  }

  #refusal(): Leave {
    const isFatal = this.#endpoints.every(({ breaker }) => breaker.isFatal);
    return {
      model: '',
      connect: (listener) => {
        queueMicrotask(() => listener.onGone('no_endpoint', isFatal));
        const nothing = (): void => undefined;
        return { send: nothing, sendAscii: nothing, tick: nothing, close: nothing };
      },
      configured: () => undefined,
      spoke: () => undefined,
      lost: (code) => {
        this.#deps.metrics.modelSessionsLost.inc({ endpoint: 'none', code });
        return isFatal;
      },
      left: () => undefined,
    };
  }

  #breaker(endpoint: string, { url, model }: ModelSettings): Breaker {
    const { log, metrics, now } = this.#deps;
    return new Breaker(now, {
      rests: (code, restMs) => {
        metrics.modelEndpointResting.set({ endpoint }, 1);
        log.error({ endpoint, url, model, code, restMs }, 'model endpoint fails: no session is opened there for now');
        this.#noteUsable();
      },
      tries: () => log.info({ endpoint, url, model }, 'model endpoint is tried again'),
      works: (restedMs) => {
        metrics.modelEndpointResting.set({ endpoint }, 0);
        log.warn({ endpoint, url, model, restedMs: Math.round(restedMs) }, 'model endpoint works again');
        this.#noteUsable();
      },
    });
  }

  #noteUsable(): void {
    const { usable } = this;
    if (usable === this.#wasUsable) return;
    this.#wasUsable = usable;
    if (usable) this.#deps.log.warn('an assistant can be had again: new callers come to it');
    else this.#deps.log.error('no model endpoint is left: new callers get the keypad menu');
  }

  #avoidedBy(callSid: string): Endpoint | null {
    const avoided = this.#avoided.get(callSid);
    return avoided && this.#deps.now() - avoided.at < avoidedMs ? avoided.endpoint : null;
  }

  #avoid(callSid: string, endpoint: Endpoint): void {
    this.#avoided.delete(callSid);
    this.#avoided.set(callSid, { endpoint, at: this.#deps.now() });
    const [oldest] = this.#avoided.size > avoidedMax ? this.#avoided.keys() : [];
    if (oldest !== undefined) this.#avoided.delete(oldest);
  }
}
