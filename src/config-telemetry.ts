import { z } from 'zod';
import { baseUrl } from './config-checks.ts';

export type LogLevel = (typeof logLevels)[number];

/** How this node tells what it does. */
export interface TelemetrySettings {
  logLevel: LogLevel;
  /** False: nothing is counted and no call is traced. */
  telemetry: boolean;
  /** Where spans go, and the share of the calls that are traced; null: none is. */
  traces: { endpoint: string; headers: Record<string, string>; ratio: number } | null;
  /** Where people look at a trace, `{trace}` for its id; null: nobody said. */
  traceUrl: string | null;
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const headers = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim().split('=')))
  .pipe(z.array(z.tuple([z.string().regex(/^[\w.-]+$/), z.string().regex(/^\S+$/)])))
  .refine((pairs) => pairs.every(([, value]) => isDecodable(value)))
  .transform((pairs) => Object.fromEntries(pairs.map(([name, value]) => [name, decodeURIComponent(value)])));

export const telemetryVariables = {
  TELEMETRY: {
    check: z
      .enum(['on', 'off'])
      .default('on')
      .transform((value) => value === 'on'),
    rule: 'on or off',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    check: baseUrl(['http:', 'https:']).optional(),
    rule: 'the http(s) URL of an OTLP collector, without /v1/traces',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    check: headers.default({}),
    rule: 'name=value pairs separated by commas, values percent-encoded',
    secret: true,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    check: z
      .string()
      .regex(/^(0|1|[01]\.0{1,6}|0?\.\d{1,6})$/)
      .transform(Number)
      .default(1),
    rule: 'the share of calls that are traced, 0 to 1',
  },
  TRACE_URL: {
    check: z
      .string()
      .regex(/^https?:\/\/\S+$/)
      .includes('{trace}')
      .optional(),
    rule: 'an http(s) URL with {trace} in place of the id of a trace',
  },
  LOG_LEVEL: { check: z.enum(logLevels).default('info'), rule: `one of ${logLevels.join(', ')}` },
} as const;

type Values = { [N in keyof typeof telemetryVariables]: z.output<(typeof telemetryVariables)[N]['check']> };

export function telemetryOf(values: Values): TelemetrySettings {
  const { TELEMETRY: telemetry, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, LOG_LEVEL: logLevel } = values;
  const isTraced = telemetry && endpoint !== undefined;
  const traces = { headers: values.OTEL_EXPORTER_OTLP_HEADERS, ratio: values.OTEL_TRACES_SAMPLER_ARG };
  return { logLevel, telemetry, traces: isTraced ? { endpoint, ...traces } : null, traceUrl: values.TRACE_URL ?? null };
}

function isDecodable(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}
