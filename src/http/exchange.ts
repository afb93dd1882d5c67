import type { HttpRequest as RawRequest, HttpResponse as RawResponse, us_socket_context_t } from 'uWebSockets.js';
import { copyRequest, plain, writeResponse, type HttpRequest, type HttpResponse } from './message.ts';

/** What one exchange may take. */
export const exchangeLimits = {
  bodyBytesMax: 64 * 1024,
  /** From the header's last line to the body's last byte. */
  readTimeoutMs: 10_000,
  /** From the whole request to its answer; webhooks have shorter bounds of their own. */
  answerTimeoutMs: 10_000,
};

export type ExchangeLimits = typeof exchangeLimits;
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/** Told of every exception that a handler let out. */
export type Fault = (place: string, error: unknown) => void;

export interface ExchangeHooks {
  limits: ExchangeLimits;
  fault: Fault;
  /** Once, when the exchange is answered or aborted. */
  done(): void;
}

/**
 * One request and its answer. Whatever the handler does (throws, rejects, resolves to nothing, never settles)
 * and whenever the client goes away, exactly one response is written or none if nobody is left to read it.
 */
export class Exchange {
  readonly request: HttpRequest;
  /** Answered, aborted or upgraded: the raw response must not be touched any more. */
  over = false;
  private readonly raw: RawResponse;
  private readonly hooks: ExchangeHooks;
  private timer: NodeJS.Timeout | undefined;
  private reading = false;

  constructor(raw: RawResponse, rawRequest: RawRequest, hooks: ExchangeHooks) {
    this.raw = raw;
    this.hooks = hooks;
    // First of all: uWebSockets.js aborts the process if a handler leaves without answer and without this.
    raw.onAborted(() => this.finish());
    this.request = copyRequest(rawRequest);
  }

  /** Runs the handler once the body is complete. */
  run(handler: HttpHandler): void {
    const declared = Number(this.request.header('content-length') || 0);
    if (this.request.method !== 'POST') return this.handle(handler);
    this.reading = true;
    if (declared > this.hooks.limits.bodyBytesMax) return this.refuseBody();
    this.deadline(this.hooks.limits.readTimeoutMs, plain(408, 'The request did not arrive in time.'));
    const chunks: Buffer[] = [];
    let bytes = 0;
    this.raw.onData((chunk, isLast) => {
      if (this.over) return;
      bytes += chunk.byteLength;
      if (bytes > this.hooks.limits.bodyBytesMax) return this.refuseBody();
      // The chunk is neutered when this returns.
      if (chunk.byteLength > 0) chunks.push(Buffer.from(Buffer.from(chunk)));
      if (!isLast) return;
      this.reading = false;
      clearTimeout(this.timer);
      this.request.body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      this.handle(handler);
    });
  }

  /** Writes the answer unless the exchange is over. */
  answer(response: HttpResponse): void {
    if (this.over) return;
    const options = { withoutBody: this.request.method === 'HEAD', closeConnection: this.reading };
    this.finish();
    try {
      writeResponse(this.raw, response, options);
    } catch (error) {
      this.hooks.fault('response', error);
    }
  }

  /** Hands the connection on as a WebSocket, without sub-protocol and extensions. */
  upgrade<Data>(data: Data, key: string, context: us_socket_context_t): void {
    if (this.over) return;
    this.finish();
    this.raw.cork(() => this.raw.upgrade(data, key, '', '', context));
  }

  fail(error: unknown): void {
    this.hooks.fault('handler', error);
    this.answer(plain(500, 'Something went wrong here.'));
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.hooks.done();
  }

  private handle(handler: HttpHandler): void {
    try {
      const response = handler(this.request);
      if (!(response instanceof Promise)) return this.settle(response);
      this.deadline(this.hooks.limits.answerTimeoutMs, plain(503, 'The answer did not come in time.'));
      response.then(
        (value) => this.settle(value),
        (error: unknown) => this.fail(error),
      );
    } catch (error) {
      this.fail(error);
    }
  }

  /** A handler in error may hand over nothing at all, whatever its type says. */
  private settle(response: HttpResponse | undefined): void {
    if (response === undefined) this.fail(new TypeError('handler returned no response'));
    else this.answer(response);
  }

  private refuseBody(): void {
    this.answer(plain(413, `The body is larger than ${this.hooks.limits.bodyBytesMax} bytes.`));
  }

  private deadline(ms: number, response: HttpResponse): void {
    this.timer = setTimeout(() => this.answer(response), ms);
  }
}
