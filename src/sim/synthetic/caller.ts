import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../../telemetry/log.ts';
import { syntheticMetrics } from '../../telemetry/metric-names.ts';
import { createBook } from '../../telemetry/metrics.ts';
import type { FakeTwilio } from '../twilio/index.ts';
import { placeSyntheticCall, type SyntheticReport, type SyntheticSettings } from './call.ts';

const msPerSecond = 1_000;
/** What a report says of what was heard. */
const heardCharsMax = 300;

export interface SyntheticCallerOptions extends SyntheticSettings {
  twilio: FakeTwilio;
  /** From the begin of one call to that of the next; a call that takes longer leaves the next one out. */
  everyMs: number;
  /** Where Prometheus asks; 0: any free port. */
  host: string;
  metricsPort: number;
  log: Log;
  /** Seconds since 1970. */
  nowS?: () => number;
}

export interface SyntheticCaller {
  /** Of its metrics. */
  port: number;
  /** One call, now. Calls never run side by side. */
  once(): Promise<SyntheticReport>;
  /** One call now, and one each `everyMs` from then on. */
  start(): void;
  /** Lets the call under way end, within its bounds. */
  stop(): Promise<void>;
}

/** Calls as a customer would, tells Prometheus how it went and the log what went wrong. Rejects when its port cannot be had. */
export async function startSyntheticCaller(options: SyntheticCallerOptions): Promise<SyntheticCaller> {
  const { twilio, log, everyMs, nowS = () => Date.now() / msPerSecond } = options;
  const metrics = createBook(syntheticMetrics);
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    void metrics.expose(request.headers.accept ?? '').then(({ contentType, text }) => {
      response.writeHead(200, { 'content-type': contentType }).end(text);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.metricsPort, options.host, resolve);
  });
  let underWay: Promise<SyntheticReport> | null = null;
  let timer: NodeJS.Timeout | null = null;

  async function place(): Promise<SyntheticReport> {
    const report = await placeSyntheticCall(twilio, options);
    const { callSid, result, firstWordMs, answerMs, heard } = report;
    metrics.syntheticCalls.inc({ result });
    if (firstWordMs !== null) metrics.syntheticFirstWordSeconds.observe(firstWordMs / msPerSecond);
    if (answerMs !== null) metrics.syntheticToolSeconds.observe(answerMs / msPerSecond);
    const said = { callSid, result, firstWordMs, answerMs };
    if (result === 'ok') {
      metrics.syntheticLastOk.set(nowS());
      log.info(said, 'a synthetic call went well');
    } else log.error({ ...said, heard: heard.slice(0, heardCharsMax) }, 'a synthetic call went wrong');
    twilio.forget();
    return report;
  }

  function once(): Promise<SyntheticReport> {
    underWay ??= place().finally(() => {
      underWay = null;
    });
    return underWay;
  }

  return {
    port: (server.address() as AddressInfo).port,
    once,
    start() {
      void once();
      timer ??= setInterval(() => void once(), everyMs);
    },
    async stop() {
      if (timer) clearInterval(timer);
      await underWay;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
