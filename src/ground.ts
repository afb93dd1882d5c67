import type { DataSource } from 'typeorm';
import type { Config } from './config.ts';
import type { RedisClock } from './directory/clock.ts';
import type { RedisLink } from './directory/redis.ts';
import type { RedactSettings } from './redact/redactor.ts';
import type { LineKeeper } from './services/prepared-lines.ts';
import type { Services } from './services/services.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';
import type { HoldAudio } from './webhook/hold-audio.ts';

/** What the parts of a node stand on. */
export interface Ground {
  config: Config & { redisUrl: string };
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  link: RedisLink;
  clock: RedisClock;
  dataSource: DataSource;
  services: Services;
  /** What Aida says, as sound. */
  lines: LineKeeper;
  holdAudio: HoldAudio;
}

/** What is taken out besides cards, as the installation and, once it is known, the store say. */
export function redactSettings({ config, services }: Pick<Ground, 'config' | 'services'>): RedactSettings {
  const { redactPhone, redactEmail, redactAddress } = services.assistant();
  const { phone, mail, address } = config.redact;
  return { phone: phone || redactPhone, mail: mail || redactEmail, address: address || redactAddress };
}

/** How the carrier's interfaces are signed in to. */
export function accountOf({ twilio: { accountSid, authTokens, apiUrl } }: Config) {
  return { accountSid, authTokens, apiUrl };
}
