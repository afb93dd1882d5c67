import { pino, type DestinationStream, type Logger } from 'pino';
import { createRedactor } from '../redact/redactor.ts';

/**
 * Messages are constants, values are attributes. What a caller said, typed or is called by stands under the one
 * key `caller` and is never written. `log.error({ err, callSid }, 'tool failed')`.
 */
export type Log = Logger;

export interface LogOptions {
  /** Stands in every line: several nodes may write to one place. */
  nodeId?: string;
  /** Replaced wherever they would appear in a line. */
  secrets?: string[];
  /** Default: standard output, written without blocking, flushed at exit. */
  destination?: DestinationStream;
}

const CALLER_KEY = 'caller';
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
      base: options.nodeId === undefined ? null : { nodeId: options.nodeId },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [CALLER_KEY], censor: '[redacted]' },
      serializers: {
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
