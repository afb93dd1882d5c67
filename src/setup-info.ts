import { machineVersion } from '../machines/call-context.ts';
import packageJson from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { nativeServer } from './http/native.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** What runs here and how it was set up, as metrics. No secret, no address. */
export function tellSetup(
  metrics: Pick<Metrics, 'buildInfo' | 'configInfo' | 'configLimit'>,
  config: Pick<
    Config,
    | 'roles'
    | 'openai'
    | 'fallback'
    | 'modelCadence'
    | 'callsMax'
    | 'carrierCallsMax'
    | 'modelSessionsMax'
    | 'spendMax'
    | 'drainS'
    | 'modelSessionMs'
    | 'kafka'
    | 'telemetry'
  >,
): void {
  metrics.buildInfo.tell({
    version: packageJson.version,
    machine: String(machineVersion),
    runtime: process.version,
    server: nativeServer().sha256.slice(0, 12),
  });
  metrics.configInfo.tell({
    roles: config.roles.join(','),
    model: config.openai.realtimeModel,
    fallback: config.fallback?.realtimeModel ?? 'none',
    cadence: config.modelCadence,
    kafka: config.kafka === null ? 'off' : 'on',
    telemetry: config.telemetry ? 'on' : 'off',
  });
  const limits = {
    calls_max: config.callsMax,
    carrier_calls_max: config.carrierCallsMax,
    model_sessions_max: config.modelSessionsMax,
    dollars_per_hour: config.spendMax?.perHour ?? null,
    dollars_per_day: config.spendMax?.perDay ?? null,
    drain_seconds: config.drainS,
    model_session_seconds: config.modelSessionMs / 1_000,
  };
  for (const [name, value] of Object.entries(limits)) if (value !== null) metrics.configLimit.set({ name }, value);
}
