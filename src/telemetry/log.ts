import { pino, type DestinationStream, type Logger } from 'pino';
import { createRedactor } from '../redact/redactor.ts';
import { traceOf } from './trace-ids.ts';

/**
 * Messages are constants, values are attributes: `log.error({ err, callSid }, 'tool failed')`. What a caller said, typed
 * or is called by stands under the one key `caller`, of which only the names of its fields are written. A line about a
 * call has its `callSid`, and by itself the `traceId` that goes with it.
 */
export type Log = Logger;

export interface LogOptions {
  /** Stands in every line as `node`: several nodes may write to one place. */
  nodeId?: string;
  /** Replaced wherever they would appear in a line. */
  secrets?: string[];
  /** Default: standard output, written without blocking, flushed at exit. */
  destination?: DestinationStream;
}

const CALLER_KEY = 'caller';
const CENSOR = '[redacted]';
const MASK = '***';
/** Shorter ones would mask ordinary words. */
const SECRET_LENGTH_MIN = 6;

export function createLog(level: string, options: LogOptions = {}): Log {
  const secrets = (options.secrets ?? []).filter((secret) => secret.length >= SECRET_LENGTH_MIN).map(asJsonText);
  // Messages of foreign errors may quote what they choked on.
  const redactor = createRedactor({ phone: true, mail: true });
  return pino(
    {
      level,
      base: options.nodeId === undefined ? null : { node: options.nodeId },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withTrace },
      serializers: {
        [CALLER_KEY]: censored,
        err: (error: unknown) => {
          if (!(error instanceof Error)) return redactor.text(String(error));
          const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
          return { type: error.name, message: redactor.text(error.message), ...code, stack: stackOf(error) };
        },
      },
      hooks: { streamWrite: (line) => secrets.reduce((text, secret) => text.replaceAll(secret, MASK), line) },
    },
    options.destination ?? pino.destination({ dest: 1, sync: false }),
  );
}

/** The same log for what is about one call: each of its lines has the CallSid. It follows the level of the whole. */
export function logOf(log: Log, callSid: string): Log {
  const about = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: unknown, message?: string) =>
    typeof fields === 'string'
      ? log[level]({ callSid }, fields)
      : log[level]({ callSid, ...(fields as object) }, message);
  const methods = { debug: about('debug'), info: about('info'), warn: about('warn'), error: about('error') };
  return Object.assign(Object.create(log) as Log, methods);
}

function withTrace(line: Record<string, unknown>): Record<string, unknown> {
  return typeof line['callSid'] === 'string' ? { ...line, traceId: traceOf(line['callSid']).traceId } : line;
}

/** The names of what is known of a caller, and nothing of it. */
function censored(caller: unknown): unknown {
  if (typeof caller !== 'object' || caller === null || Array.isArray(caller)) return CENSOR;
  return Object.fromEntries(Object.keys(caller).map((name) => [name, CENSOR]));
}

/** The frames alone: the first lines of a stack repeat the message. */
function stackOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
}

function asJsonText(secret: string): string {
  return JSON.stringify(secret).slice(1, -1);
}
