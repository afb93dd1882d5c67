import { hkdfSync } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import {
  baseUrl,
  count,
  dollars,
  isRedisUrl,
  list,
  modelId,
  type ModelPrices,
  port,
  priceKinds,
  prices,
  PRICES_DEFAULT,
  secret,
  tokens,
  url,
} from './config-checks.ts';
import { type FactSettings, factsOf, kafkaVariables } from './config-kafka.ts';
import { noticesOf, type NoticeSettings, noticeVariables } from './config-notices.ts';
import { phoneOf, type PhoneSettings, phoneVariables } from './config-phone.ts';
import { type TelemetrySettings, telemetryOf, telemetryVariables } from './config-telemetry.ts';
import type { KafkaSettings } from './kafka/client.ts';
import { isMediaUrl, MEDIA_PATH, publicHost } from './config-addresses.ts';

/** Everything that the environment decides, read once at the start. What a store decides is data in Postgres. */
export interface Config extends TelemetrySettings, FactSettings, NoticeSettings, PhoneSettings {
  host: string;
  /** 0: any free port. */
  port: number;
  /** Health and metrics; 0: any free port. */
  opsPort: number;
  /** Origin without a trailing slash, exactly as the carrier was given it: signatures cover it. */
  publicUrl: string;
  nodeId: string;
  /** This node's own `wss://host/media-stream` or `wss://host/node/media-stream`. */
  mediaUrl: string;
  /** This node as other nodes reach it; null: `defaultNodeUrl` of the port that was listened on. */
  nodeUrl: string | null;
  roles: Role[];
  /** null only when `embedded`. */
  redisUrl: string | null;
  /** null only when `embedded`. */
  databaseUrl: string | null;
  twilio: { accountSid: string; authTokens: string[]; apiUrl: string };
  /** Hex, 32 bytes when derived. */
  streamTokenSecret: string;
  openai: {
    apiKey: string;
    realtimeUrl: string;
    realtimeModel: string;
    /** REST: speech and transcription; null where none is known. */
    apiUrl: string | null;
  };
  /** A chat model at `openai.apiUrl` that reads calls which are over; null: rules alone do. */
  understanding: { model: string; tokensPerDay: number } | null;
  /** A second endpoint of the model, for when the first cannot be had; null: there is none. */
  fallback: { apiKey: string; realtimeUrl: string; realtimeModel: string } | null;
  /** How the caller's audio goes to the model: several frames at once in a pause, or each for itself. */
  modelCadence: (typeof cadences)[number];
  /** What the model's server allows one session to last, ms. */
  modelSessionMs: number;
  /** null: the console stays closed. */
  adminToken: string | null;
  /** Calls that this node carries at once. */
  callsMax: number;
  /** Calls may finish for so long on a node that is to end, before they are handed over, s. */
  drainS: number;
  /** Calls that the carrier's account carries at once, over the whole fleet; null: no limit. */
  carrierCallsMax: number | null;
  /** Sessions that the model's account allows at once; null: no limit is known. */
  modelSessionsMax: number | null;
  /** US dollars that the whole fleet may spend on the model; null: no limit. */
  spendMax: { perHour: number; perDay: number } | null;
  /** US dollars per million tokens, by kind. */
  modelPrices: ModelPrices;
  /** What is redacted besides card numbers. */
  redact: { phone: boolean; mail: boolean; address: boolean };
  /** Knows the numbers of callers again who had everything erased; null: nothing can be erased by number. */
  erasureSecret: string | null;
  embedded: boolean;
}

export type { ModelPrices };
export type Role = (typeof roles)[number];

/** Why the start stopped: one line for each variable, with name, value (secrets masked) and rule. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const roles = ['call', 'relay', 'analytics', 'console'] as const;
const cadences = ['adaptive', '20ms'] as const;
const redactions = ['phone', 'mail', 'address'] as const;
const REALTIME_URL_DEFAULT = 'wss://api.openai.com/v1/realtime';
const API_URL_DEFAULT = 'https://api.openai.com/v1';
const STREAM_TOKEN_INFO = 'stream token v1';
const CALLS_MAX_DEFAULT = 100;
const UNDERSTANDING_TOKENS_DEFAULT = 2_000_000;
/** What the API allows, November 2026. */
const SESSION_S_DEFAULT = 3_600;
/** Below it a session would be replaced again before it was of use. */
const SESSION_S_MIN = 20;
/** With a minute for handing over it stays below the ten minutes that cluster autoscalers grant at most. */
const DRAIN_S_DEFAULT = 300;

interface Variable {
  check: z.ZodType;
  rule: string;
  /** Its value is never printed. */
  secret?: true;
}

const variables = {
  HOST: {
    check: z
      .string()
      .regex(/^[\w.:-]+$/)
      .default('0.0.0.0'),
    rule: 'an address or host name to listen on',
  },
  PORT: { check: port.default(3000), rule: 'a port, 0 to 65535' },
  OPS_PORT: { check: port.default(3001), rule: 'a port, 0 to 65535' },
  PUBLIC_URL: {
    check: baseUrl(['https:', 'http:']).refine((value) => publicHost(value) && new URL(value).pathname === '/'),
    rule: 'the origin that the carrier calls, https://host[:port] without path, no underscore in the host',
  },
  NODE_ID: {
    check: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/)
      .optional(),
    rule: '1 to 63 letters, digits, dots and dashes',
  },
  MEDIA_URL: {
    check: url(['wss:'])
      .refine((value) => publicHost(value) && isMediaUrl(new URL(value), value))
      .optional(),
    rule: `wss://host[:port]${MEDIA_PATH} or wss://host[:port]/node${MEDIA_PATH}, in lower case, without query, port 443 or trailing slash`,
  },
  NODE_URL: { check: baseUrl(['http:', 'https:']).optional(), rule: 'an http(s) URL' },
  ROLES: { check: list(roles).default([...roles]), rule: `a comma-separated list of ${roles.join(', ')}` },
  REDIS_URL: {
    check: z.string().refine(isRedisUrl).optional(),
    rule: 'redis://…, redis+sentinel://… or redis+cluster://… (rediss for TLS); needed unless EMBEDDED=1',
    secret: true,
  },
  DATABASE_URL: {
    check: url(['postgres:', 'postgresql:']).optional(),
    rule: 'postgres://…; needed unless EMBEDDED=1',
    secret: true,
  },
  TWILIO_ACCOUNT_SID: { check: z.string().regex(/^AC[0-9a-fA-F]{32}$/), rule: 'AC and 32 hexadecimal digits' },
  TWILIO_AUTH_TOKEN: {
    check: z
      .string()
      .transform((value) => value.split(',').map((part) => part.trim()))
      .pipe(z.array(secret(8)).min(1)),
    rule: 'one token, or several separated by commas while rotating, 8 characters or more each',
    secret: true,
  },
  TWILIO_API_URL: { check: baseUrl(['https:', 'http:']).default('https://api.twilio.com'), rule: 'an http(s) URL' },
  STREAM_TOKEN_SECRET: { check: secret(16).optional(), rule: '16 characters or more', secret: true },
  OPENAI_API_KEY: { check: secret(1), rule: 'an API key', secret: true },
  OPENAI_REALTIME_URL: {
    check: baseUrl(['wss:', 'ws:']).default(REALTIME_URL_DEFAULT),
    rule: 'a ws(s) URL without query',
  },
  OPENAI_REALTIME_MODEL: {
    check: modelId.default('gpt-realtime-2.1'),
    rule: 'the id of a realtime model',
  },
  FALLBACK_OPENAI_API_KEY: { check: secret(1).optional(), rule: 'an API key', secret: true },
  FALLBACK_OPENAI_REALTIME_URL: {
    check: baseUrl(['wss:', 'ws:']).optional(),
    rule: 'a ws(s) URL without query',
  },
  FALLBACK_OPENAI_REALTIME_MODEL: {
    check: modelId.optional(),
    rule: 'the id of a realtime model',
  },
  UNDERSTANDING_MODEL: {
    check: modelId.optional(),
    rule: 'the id of a chat model',
  },
  UNDERSTANDING_TOKENS: {
    check: tokens.default(UNDERSTANDING_TOKENS_DEFAULT),
    rule: 'tokens that the fleet may use in a day to read calls, 4 to 10 digits',
  },
  OPENAI_API_URL: { check: baseUrl(['https:', 'http:']).optional(), rule: 'an http(s) URL' },
  ADMIN_TOKEN: { check: secret(16).optional(), rule: '16 characters or more', secret: true },
  CALLS_MAX: { check: count.default(CALLS_MAX_DEFAULT), rule: 'calls that this node carries at once, 1 to 99999' },
  TWILIO_CALLS_MAX: { check: count.optional(), rule: "calls that the carrier's account carries at once, 1 to 99999" },
  MODEL_SESSIONS_MAX: { check: count.optional(), rule: "sessions that the model's account allows, 1 to 99999" },
  MODEL_CADENCE: { check: z.enum(cadences).default('adaptive'), rule: `one of ${cadences.join(', ')}` },
  MODEL_SESSION_SECONDS: {
    check: z
      .string()
      .regex(/^\d{2,5}$/)
      .transform(Number)
      .default(SESSION_S_DEFAULT)
      .refine((value) => value >= SESSION_S_MIN),
    rule: `seconds that the model's server allows one session, ${SESSION_S_MIN} to 99999`,
  },
  SPEND_MAX: {
    check: z
      .string()
      .transform((value) => value.split('/'))
      .pipe(z.tuple([dollars, dollars]))
      .transform(([perHour, perDay]) => ({ perHour, perDay }))
      .optional(),
    rule: 'US dollars per hour and per day: 50/400',
  },
  MODEL_PRICES: {
    check: prices.default(PRICES_DEFAULT),
    rule: `US dollars per million tokens, as text-in=4,audio-in=32, of ${priceKinds.join(', ')}`,
  },
  DRAIN_SECONDS: {
    check: z
      .string()
      .regex(/^\d{1,4}$/)
      .transform(Number)
      .default(DRAIN_S_DEFAULT),
    rule: 'seconds, 0 to 9999',
  },
  ...noticeVariables,
  ERASURE_SECRET: { check: secret(16).optional(), rule: '16 characters or more', secret: true },
  REDACT: { check: list(redactions).default([]), rule: `a comma-separated list of ${redactions.join(', ')}` },
  EMBEDDED: {
    check: z
      .enum(['0', '1'])
      .default('0')
      .transform((value) => value === '1'),
    rule: '0 or 1',
  },
  ...phoneVariables,
  ...kafkaVariables,
  ...telemetryVariables,
} satisfies Record<string, Variable>;

type Name = keyof typeof variables;
type Values = { [N in Name]: z.output<(typeof variables)[N]['check']> };

/** Every variable that is read; `.env.example` documents the same ones. */
export const environmentNames = Object.keys(variables) as Name[];

/** Reads and checks the environment; an empty value counts as unset. Throws ConfigError naming everything that is wrong. */
export function readConfig(env: Record<string, string | undefined>): Config {
  const values = readValues(env);
  const { hostname: publicName, host: publicHostAndPort } = new URL(values.PUBLIC_URL);
  const authTokens = values.TWILIO_AUTH_TOKEN;
  return {
    host: values.HOST,
    port: values.PORT,
    opsPort: values.OPS_PORT,
    publicUrl: values.PUBLIC_URL,
    nodeId:
      values.NODE_ID ??
      (hostname()
        .replace(/[^A-Za-z0-9.-]/g, '-')
        .replace(/^[.-]+/, '')
        .slice(0, 63) ||
        publicName),
    mediaUrl: values.MEDIA_URL ?? `wss://${publicHostAndPort}${MEDIA_PATH}`,
    nodeUrl: values.NODE_URL ?? null,
    roles: values.ROLES,
    redisUrl: values.REDIS_URL ?? null,
    databaseUrl: values.DATABASE_URL ?? null,
    twilio: { accountSid: values.TWILIO_ACCOUNT_SID, authTokens, apiUrl: values.TWILIO_API_URL },
    streamTokenSecret: values.STREAM_TOKEN_SECRET ?? deriveSecret(authTokens[0] ?? ''),
    openai: {
      apiKey: values.OPENAI_API_KEY,
      realtimeUrl: values.OPENAI_REALTIME_URL,
      realtimeModel: values.OPENAI_REALTIME_MODEL,
      // Who answers in place of OpenAI may have no more than the realtime interface.
      apiUrl: values.OPENAI_API_URL ?? (values.OPENAI_REALTIME_URL === REALTIME_URL_DEFAULT ? API_URL_DEFAULT : null),
    },
    understanding:
      values.UNDERSTANDING_MODEL === undefined
        ? null
        : { model: values.UNDERSTANDING_MODEL, tokensPerDay: values.UNDERSTANDING_TOKENS },
    fallback: fallbackOf(values),
    modelCadence: values.MODEL_CADENCE,
    modelSessionMs: values.MODEL_SESSION_SECONDS * 1_000,
    adminToken: values.ADMIN_TOKEN ?? null,
    callsMax: values.CALLS_MAX,
    drainS: values.DRAIN_SECONDS,
    carrierCallsMax: values.TWILIO_CALLS_MAX ?? null,
    modelSessionsMax: values.MODEL_SESSIONS_MAX ?? null,
    spendMax: values.SPEND_MAX ?? null,
    modelPrices: values.MODEL_PRICES,
    redact: {
      phone: values.REDACT.includes('phone'),
      mail: values.REDACT.includes('mail'),
      address: values.REDACT.includes('address'),
    },
    erasureSecret: values.ERASURE_SECRET ?? null,
    ...noticesOf(values, values.PUBLIC_URL),
    ...phoneOf(values, values.EMBEDDED),
    ...factsOf(values),
    ...telemetryOf(values),
    embedded: values.EMBEDDED,
  };
}

/** For a command that needs nothing else. Throws ConfigError. */
export function readRedisUrl(env: Record<string, string | undefined>): string {
  const given = env['REDIS_URL'] || undefined;
  const result = variables.REDIS_URL.check.safeParse(given);
  if (!result.success || result.data === undefined)
    throw new ConfigError(problem('REDIS_URL', given, variables.REDIS_URL));
  return result.data;
}

/** The same for commands that need these alone; each is undefined where it is not set. Throws ConfigError. */
export function readSome<N extends Name>(
  env: Record<string, string | undefined>,
  names: readonly N[],
): Pick<Values, N> {
  const read: Partial<Pick<Values, N>> = {};
  for (const name of names) {
    const given = env[name] || undefined;
    const variable: Variable = variables[name];
    const result = variable.check.safeParse(given);
    if (!result.success) throw new ConfigError(problem(name, given, variable));
    // Its own schema has let it through.
    read[name] = result.data as Values[N];
  }
  return read as Pick<Values, N>;
}

/** For a command that needs nothing else; null where no Kafka is named. Throws ConfigError. */
export function readKafkaSettings(env: Record<string, string | undefined>): KafkaSettings | null {
  const { kafka } = factsOf(readSome(env, Object.keys(kafkaVariables) as (keyof typeof kafkaVariables)[]));
  return kafka;
}

function readValues(env: Record<string, string | undefined>): Values {
  const read: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, variable] of Object.entries<Variable>(variables)) {
    const given = env[name] || undefined;
    const result = variable.check.safeParse(given);
    if (result.success) read[name] = result.data;
    else problems.push(problem(name, given, variable));
  }
  if (read.EMBEDDED === false) {
    for (const name of ['REDIS_URL', 'DATABASE_URL'] as const) {
      if (!env[name]) problems.push(problem(name, undefined, variables[name]));
    }
  }
  if (read.NOTIFY_URL !== undefined && !env['NOTIFY_SECRET'])
    problems.push(problem('NOTIFY_SECRET', undefined, variables.NOTIFY_SECRET));
  for (const name of ['KAFKA_USERNAME', 'KAFKA_PASSWORD'] as const)
    if (read.KAFKA_SASL !== undefined && !env[name]) problems.push(problem(name, undefined, variables[name]));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  // Every key was checked by its own schema in the loop above.
  return read as Values;
}

function problem(name: string, given: string | undefined, variable: Variable): string {
  if (given === undefined) return `${name} is not set: ${variable.rule}`;
  const shown = variable.secret ? `(${given.length} characters, not shown)` : JSON.stringify(given);
  return `${name} is ${shown}: must be ${variable.rule}`;
}

/** What FALLBACK_* leaves out is as with the first endpoint. */
function fallbackOf(values: Values): Config['fallback'] {
  const { FALLBACK_OPENAI_API_KEY: apiKey, FALLBACK_OPENAI_REALTIME_URL: url } = values;
  const model = values.FALLBACK_OPENAI_REALTIME_MODEL;
  if (apiKey === undefined && url === undefined && model === undefined) return null;
  return {
    apiKey: apiKey ?? values.OPENAI_API_KEY,
    realtimeUrl: url ?? values.OPENAI_REALTIME_URL,
    realtimeModel: model ?? values.OPENAI_REALTIME_MODEL,
  };
}

function deriveSecret(authToken: string): string {
  return Buffer.from(hkdfSync('sha256', authToken, '', STREAM_TOKEN_INFO, 32)).toString('hex');
}
