import type { HttpRequest as RawRequest, HttpResponse as RawResponse, us_socket_context_t } from 'uWebSockets.js';
import { RawStream } from './answer-stream.ts';
import { copyRequest, plain, writeHead, writeResponse, type HttpRequest, type HttpResponse } from './message.ts';

/** What one exchange may take. */
export const exchangeLimits = {
  bodyBytesMax: 64 * 1024,
  /** Of all bodies together that are larger than that, until they are answered: more are refused. */
  largeBodiesBytesMax: 64 * 1024 * 1024,
  /** From the header's last line to the body's last byte. */
  readTimeoutMs: 10_000,
  /** From the whole request to its answer; webhooks have shorter bounds of their own. */
  answerTimeoutMs: 10_000,
  /** Answers that go on, of the whole server: more are refused. */
  streamsMax: 1_000,
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
  /** Answers that go on. */
  streams: Set<RawStream>;
  /** What large bodies hold at this moment. */
  large: { bytes: number };
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
  private stream: RawStream | null = null;
  /** Of `large`. */
  private largeBytes = 0;

  constructor(raw: RawResponse, rawRequest: RawRequest, hooks: ExchangeHooks) {
    this.raw = raw;
    this.hooks = hooks;
    // First of all: uWebSockets.js aborts the process if a handler leaves without answer and without this.
    raw.onAborted(() => {
      this.finish();
      this.stream?.aborted();
    });
    this.request = copyRequest(rawRequest, Buffer.from(raw.getRemoteAddressAsText()).toString());
  }

  /** Runs the handler once the body is complete. */
  run(handler: HttpHandler, bodyBytesMax = this.hooks.limits.bodyBytesMax): void {
    const declared = Number(this.request.header('content-length') || 0);
    if (this.request.method !== 'POST') return this.handle(handler);
    this.reading = true;
    if (declared > bodyBytesMax) return this.refuseBody(bodyBytesMax);
    this.deadline(this.hooks.limits.readTimeoutMs, plain(408, 'The request did not arrive in time.'));
    const chunks: Buffer[] = [];
    let bytes = 0;
    this.raw.onData((chunk, isLast) => {
      if (this.over) return;
      bytes += chunk.byteLength;
      if (bytes > bodyBytesMax) return this.refuseBody(bodyBytesMax);
      if (!this.hasRoomFor(bytes)) return this.answer(plain(503, 'Too much is being sent at once. Try again.'));
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
    if (response.stream && !options.withoutBody) return this.begin(response, response.stream);
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

  /** Answers with a body that goes on; a server that ends does not wait for it. */
  private begin(response: HttpResponse, fill: NonNullable<HttpResponse['stream']>): void {
    const { streams, limits, fault } = this.hooks;
    if (streams.size >= limits.streamsMax) return this.answer(plain(503, 'Too many are listening already.'));
    this.finish();
    const stream = new RawStream(this.raw, fault);
    this.stream = stream;
    streams.add(stream);
    stream.onEnd(() => streams.delete(stream));
    try {
      this.raw.cork(() => writeHead(this.raw, response));
      fill(stream);
    } catch (error) {
      fault('response', error);
      stream.end();
    }
  }

  /** Small bodies always have room. */
  private hasRoomFor(bytes: number): boolean {
    const { limits, large } = this.hooks;
    if (bytes <= limits.bodyBytesMax) return true;
    large.bytes += bytes - this.largeBytes;
    this.largeBytes = bytes;
    return large.bytes <= limits.largeBodiesBytesMax;
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.hooks.large.bytes -= this.largeBytes;
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

  private refuseBody(bytesMax: number): void {
    this.answer(plain(413, `The body is larger than ${bytesMax} bytes.`));
  }

  private deadline(ms: number, response: HttpResponse): void {
    this.timer = setTimeout(() => this.answer(response), ms);
  }
}
