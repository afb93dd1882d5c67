import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, environmentNames, readConfig, readRedisUrl } from './config.ts';
import { defaultNodeUrl } from './config-addresses.ts';

const base = {
  PUBLIC_URL: 'https://voice.example.com',
  NODE_ID: 'node-1',
  REDIS_URL: 'redis://127.0.0.1:6379',
  DATABASE_URL: 'postgres://aida:pass@127.0.0.1/aida',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token-one, token-two',
  OPENAI_API_KEY: 'sk-test',
};

function refusal(change: Record<string, string | undefined>): string {
  try {
    readConfig({ ...base, ...change });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'accepted';
}

describe('readConfig', () => {
  it('fills in every default', () => {
    expect(readConfig(base)).toEqual({
      host: '0.0.0.0',
      port: 3000,
      opsPort: 3001,
      publicUrl: 'https://voice.example.com',
      nodeId: 'node-1',
      mediaUrl: 'wss://voice.example.com/media-stream',
      nodeUrl: null,
      roles: ['call', 'relay', 'analytics', 'console'],
      redisUrl: 'redis://127.0.0.1:6379',
      databaseUrl: 'postgres://aida:pass@127.0.0.1/aida',
      twilio: {
        accountSid: `AC${'0'.repeat(32)}`,
        authTokens: ['token-one', 'token-two'],
        apiUrl: 'https://api.twilio.com',
      },
      streamTokenSecret: expect.stringMatching(/^[0-9a-f]{64}$/),
      openai: {
        apiKey: 'sk-test',
        realtimeUrl: 'wss://api.openai.com/v1/realtime',
        realtimeModel: 'gpt-realtime-2.1',
        apiUrl: 'https://api.openai.com/v1',
      },
      understanding: null,
      fallback: null,
      modelCadence: 'adaptive',
      modelSessionMs: 3_600_000,
      adminToken: null,
      callsMax: 100,
      drainS: 300,
      carrierCallsMax: null,
      modelSessionsMax: null,
      spendMax: null,
      modelPrices: { textIn: 4, textInCached: 0.4, audioIn: 32, audioInCached: 0.4, textOut: 24, audioOut: 64 },
      redact: { phone: false, mail: false, address: false },
      erasureSecret: null,
      recordings: null,
      notices: { smtpUrl: null, notifyUrl: null, notifySecret: '' },
      consoleUrl: 'https://voice.example.com',
      phone: false,
      logLevel: 'info',
      telemetry: true,
      traces: null,
      traceUrl: null,
      kafka: null,
      outboxArchive: join(tmpdir(), 'aida-outbox'),
      embedded: false,
    });
  });

  it('traces calls where a collector is named, unless telemetry is off', () => {
    const endpoint = 'http://collector:4318/';
    const one = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
    expect(readConfig({ ...base, ...one }).traces).toEqual({
      endpoint: 'http://collector:4318',
      headers: {},
      ratio: 1,
    });
    const more = { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b, x-org=7', OTEL_TRACES_SAMPLER_ARG: '0.05' };
    const traces = { headers: { 'x-key': 'a b', 'x-org': '7' }, ratio: 0.05 };
    expect(readConfig({ ...base, ...one, ...more }).traces).toMatchObject(traces);
    expect(readConfig({ ...base, ...one, TELEMETRY: 'off' })).toMatchObject({ telemetry: false, traces: null });
    expect(refusal({ OTEL_TRACES_SAMPLER_ARG: '1.5' })).toMatch(/^OTEL_TRACES_SAMPLER_ARG is "1\.5": must be /);
    expect(refusal({ OTEL_EXPORTER_OTLP_HEADERS: 'secret' })).toMatch(
      /^OTEL_EXPORTER_OTLP_HEADERS is \(6 characters, not/,
    );
  });

  it('has a phone for browsers where it is asked for, or all is for trying out', () => {
    const phones = [{}, { PHONE: 'on' }, { EMBEDDED: '1' }, { EMBEDDED: '1', PHONE: 'off' }];
    expect(phones.map((env) => readConfig({ ...base, ...env }).phone)).toEqual([false, true, true, false]);
    expect(refusal({ PHONE: 'yes' })).toBe('PHONE is "yes": must be on or off');
  });

  it('derives the stream token secret from the first auth token alone', () => {
    const one = readConfig({ ...base, TWILIO_AUTH_TOKEN: 'token-one' }).streamTokenSecret;
    expect(readConfig(base).streamTokenSecret).toBe(one);
    expect(readConfig({ ...base, TWILIO_AUTH_TOKEN: 'token-two' }).streamTokenSecret).not.toBe(one);
    expect(one).not.toContain('token-one');
  });

  it('knows of a REST interface where OpenAI answers, or where one is named', () => {
    const elsewhere = { ...base, OPENAI_REALTIME_URL: 'ws://127.0.0.1:9/v1/realtime' };
    const named = { ...elsewhere, OPENAI_API_URL: 'http://127.0.0.1:9/v1/' };
    expect([base, elsewhere, named].map((env) => readConfig(env).openai.apiUrl)).toEqual([
      'https://api.openai.com/v1',
      null,
      'http://127.0.0.1:9/v1',
    ]);
  });

  it('keeps a port of PUBLIC_URL, drops its trailing slash, treats empty as unset', () => {
    const config = readConfig({
      ...base,
      PUBLIC_URL: 'http://127.0.0.1:8080/',
      ADMIN_TOKEN: '',
      OPENAI_REALTIME_URL: 'ws://127.0.0.1:9/v1/realtime',
    });
    expect(config.publicUrl).toBe('http://127.0.0.1:8080');
    expect(config.mediaUrl).toBe('wss://127.0.0.1:8080/media-stream');
    expect(config.adminToken).toBeNull();
    expect(config.openai.realtimeUrl).toBe('ws://127.0.0.1:9/v1/realtime');
  });

  it('reads what the accounts allow, and changes only the prices that are given', () => {
    const config = readConfig({
      ...base,
      TWILIO_CALLS_MAX: '300',
      MODEL_SESSIONS_MAX: '200',
      SPEND_MAX: '50/400.5',
      MODEL_PRICES: 'text-in=0.6, audio-out=20',
    });
    expect(config).toMatchObject({
      carrierCallsMax: 300,
      modelSessionsMax: 200,
      spendMax: { perHour: 50, perDay: 400.5 },
      modelPrices: { textIn: 0.6, textInCached: 0.4, audioIn: 32, audioInCached: 0.4, textOut: 24, audioOut: 20 },
    });
  });

  it('has a second endpoint as soon as one thing of it is said: the rest is as with the first', () => {
    const own = {
      apiKey: 'sk-test',
      realtimeUrl: 'wss://api.openai.com/v1/realtime',
      realtimeModel: 'gpt-realtime-2.1',
    };
    const url = 'wss://eu.example.com/v1/realtime';
    expect(readConfig({ ...base, FALLBACK_OPENAI_REALTIME_URL: url }).fallback).toEqual({ ...own, realtimeUrl: url });
    const all = { FALLBACK_OPENAI_API_KEY: 'sk-2', FALLBACK_OPENAI_REALTIME_MODEL: 'gpt-realtime-2.1-mini' };
    expect(readConfig({ ...base, ...all }).fallback).toEqual({
      ...own,
      apiKey: 'sk-2',
      realtimeModel: 'gpt-realtime-2.1-mini',
    });
  });

  it.each(['wss://voice.example.com/media-stream', 'wss://voice.example.com:8443/3/media-stream'])(
    'accepts the media address %s',
    (mediaUrl) => expect(readConfig({ ...base, MEDIA_URL: mediaUrl }).mediaUrl).toBe(mediaUrl),
  );

  it('needs both stores unless embedded', () => {
    const none = { REDIS_URL: undefined, DATABASE_URL: undefined };
    expect(refusal(none)).toBe(
      'REDIS_URL is not set: redis://…, redis+sentinel://… or redis+cluster://… (rediss for TLS); needed unless EMBEDDED=1\nDATABASE_URL is not set: postgres://…; needed unless EMBEDDED=1',
    );
    expect(readConfig({ ...base, ...none, EMBEDDED: '1' })).toMatchObject({
      embedded: true,
      redisUrl: null,
      databaseUrl: null,
    });
  });

  it.each(['rediss://user:pass@redis:6380/1', 'redis+sentinel://a:26379,b:26379/aida', 'redis+cluster://a,b,c'])(
    'accepts %s',
    (redisUrl) => {
      expect(readConfig({ ...base, REDIS_URL: redisUrl }).redisUrl).toBe(redisUrl);
    },
  );

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3e3'],
    ['OPS_PORT', 'ops'],
    ['PUBLIC_URL', 'voice.example.com'],
    ['PUBLIC_URL', 'https://voice.example.com/base'],
    ['PUBLIC_URL', 'https://my_voice.example.com'],
    ['PUBLIC_URL', 'ftp://voice.example.com'],
    ['MEDIA_URL', 'ws://voice.example.com/media-stream'],
    ['MEDIA_URL', 'wss://voice.example.com/media-stream/'],
    ['MEDIA_URL', 'wss://voice.example.com/media-stream?n=1'],
    ['MEDIA_URL', 'wss://voice.example.com:443/media-stream'],
    ['MEDIA_URL', 'wss://Voice.example.com/1/media-stream'],
    ['MEDIA_URL', 'wss://voice.example.com/a/1/media-stream'],
    ['MEDIA_URL', 'wss://voice.example.com//media-stream'],
    ['MEDIA_URL', 'wss://voice.example.com/1/media'],
    ['NODE_ID', 'a:b'],
    ['ROLES', 'call,cook'],
    ['TWILIO_ACCOUNT_SID', 'AC12'],
    ['CALLS_MAX', '0'],
    ['DRAIN_SECONDS', '-1'],
    ['DRAIN_SECONDS', '5m'],
    ['TWILIO_CALLS_MAX', 'many'],
    ['MODEL_SESSIONS_MAX', '-1'],
    ['SPEND_MAX', '50'],
    ['SPEND_MAX', '-1/5'],
    ['MODEL_PRICES', 'text=4'],
    ['MODEL_PRICES', 'text-in=cheap'],
    ['REDACT', 'phones'],
    ['EMBEDDED', 'yes'],
    ['LOG_LEVEL', 'loud'],
    ['OPENAI_REALTIME_URL', 'https://api.openai.com/v1/realtime'],
    ['FALLBACK_OPENAI_REALTIME_URL', 'https://api.openai.com/v1/realtime'],
    ['FALLBACK_OPENAI_REALTIME_MODEL', 'a model'],
    ['MODEL_CADENCE', '100ms'],
    ['MODEL_SESSION_SECONDS', '19'],
    ['MODEL_SESSION_SECONDS', '1h'],
    ['CONSOLE_URL', 'admin'],
  ])('%s=%s stops the start with name, value and rule', (name, value) => {
    const rule = refusal({ [name]: value });
    expect(rule).toMatch(new RegExp(`^${name} is ${JSON.stringify(value).replace(/[?.]/g, '\\$&')}: must be .{5,}$`));
  });

  it.each([
    ['TWILIO_AUTH_TOKEN', 'a b c d e f g'],
    ['STREAM_TOKEN_SECRET', 'short'],
    ['ADMIN_TOKEN', 'short'],
    ['REDIS_URL', 'http://:hunter2@redis'],
    ['DATABASE_URL', 'mysql://root:hunter2@db'],
    ['RECORDINGS_URL', 's3://bucket/no-key'],
    ['RECORDINGS_URL', 'file://host/folder'],
    ['RECORDINGS_URL', 's3://key:hunter2@bucket?endpoint=ftp://x'],
    ['SMTP_URL', 'http://me:hunter2@mail'],
    ['NOTIFY_SECRET', 'hunter2'],
  ])('%s is never printed', (name, value) => {
    const message = refusal({ [name]: value });
    expect(message).toMatch(new RegExp(`^${name} is \\(${value.length} characters, not shown\\): must be `));
    expect(message).not.toContain(value);
  });

  it('knows where recordings are kept, and wants a secret for whoever is told', () => {
    expect(readConfig({ ...base, RECORDINGS_URL: 'file:///srv/x' }).recordings).toEqual({
      kind: 'folder',
      path: '/srv/x',
    });
    const bucket = 's3://key:se%2Fcret@bucket/a/b/?endpoint=http://127.0.0.1:9000/';
    expect(readConfig({ ...base, RECORDINGS_URL: bucket }).recordings).toEqual({
      kind: 's3',
      endpoint: 'http://127.0.0.1:9000',
      region: 'us-east-1',
      bucket: 'bucket',
      prefix: 'a/b',
      accessKeyId: 'key',
      secretAccessKey: 'se/cret',
    });
    expect(refusal({ NOTIFY_URL: 'https://example.com/hook' })).toMatch(/^NOTIFY_SECRET is not set: /);
  });

  it('names everything that is wrong at once', () => {
    expect(
      refusal({ PORT: 'x', TWILIO_AUTH_TOKEN: undefined, OPENAI_API_KEY: '' })
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['PORT', 'TWILIO_AUTH_TOKEN', 'OPENAI_API_KEY']);
  });
});

describe('Kafka', () => {
  const brokers = { KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9093' };

  it('is reached by TLS and with a password where that is said', () => {
    const secure = { KAFKA_TLS: '1', KAFKA_CA: '/etc/kafka.pem', KAFKA_SASL: 'scram-sha-512' };
    const user = { KAFKA_USERNAME: 'aida', KAFKA_PASSWORD: 'hunter2' };
    expect(readConfig({ ...base, ...brokers }).kafka).toEqual({
      brokers: ['kafka-1:9092', 'kafka-2:9093'],
      tls: false,
      caFile: null,
      sasl: null,
    });
    expect(readConfig({ ...base, ...brokers, ...secure, ...user }).kafka).toEqual({
      brokers: ['kafka-1:9092', 'kafka-2:9093'],
      tls: true,
      caFile: '/etc/kafka.pem',
      sasl: { mechanism: 'scram-sha-512', username: 'aida', password: 'hunter2' },
    });
  });

  it('is refused where nobody could sign in', () => {
    expect(refusal({ ...brokers, KAFKA_SASL: 'plain', KAFKA_USERNAME: 'aida' })).toMatch(/^KAFKA_PASSWORD is not set/);
    expect(refusal({ KAFKA_BROKERS: 'kafka' })).toMatch(/^KAFKA_BROKERS is "kafka": must be/);
  });
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
  const lines = [...text.matchAll(/^(#?)([A-Z_]+)=(.*)$/gm)].map(([, off, name, value]) => ({
    off: off === '#',
    name: name ?? '',
    value: value ?? '',
  }));

  it('documents exactly the variables that are read', () => {
    expect(lines.map((line) => line.name).toSorted()).toEqual(environmentNames.toSorted());
  });

  it('is accepted as it stands, and shows true defaults', () => {
    const set = Object.fromEntries(lines.filter((line) => !line.off).map((line) => [line.name, line.value]));
    const shown = Object.fromEntries(lines.map((line) => [line.name, line.value]));
    const { nodeId, mediaUrl, nodeUrl, redact, ...defaults } = readConfig(set);
    expect({ nodeId, mediaUrl, nodeUrl, redact }).toEqual({
      nodeId: expect.any(String),
      mediaUrl: 'wss://voice.example.com/media-stream',
      nodeUrl: null,
      redact: { phone: false, mail: false, address: false },
    });
    expect(readConfig(shown)).toMatchObject(defaults);
  });
});

describe('readRedisUrl', () => {
  it('needs nothing else, and says what is wrong without the value', () => {
    expect(readRedisUrl({ REDIS_URL: 'redis://127.0.0.1:6379' })).toBe('redis://127.0.0.1:6379');
    expect(() => readRedisUrl({})).toThrow(/^REDIS_URL is not set: redis:/);
    expect(() => readRedisUrl({ REDIS_URL: 'http://:hunter2@redis' })).toThrow(/^REDIS_URL is \(21 characters, not/);
  });
});

describe('defaultNodeUrl', () => {
  it('uses the loopback where every address is listened on', () => {
    expect(defaultNodeUrl('0.0.0.0', 9)).toBe('http://127.0.0.1:9');
    expect(defaultNodeUrl('10.0.0.1', 9)).toBe('http://10.0.0.1:9');
    expect(defaultNodeUrl('::1', 9)).toBe('http://[::1]:9');
  });
});
