import type { Config } from '../config.ts';
import { checkCarrier, checkModel } from './accounts.ts';
import type { Finding } from './finding.ts';
import { checkFleet } from './fleet.ts';
import { checkPublic } from './outside.ts';
import { storesOf } from './stores.ts';

/** Looks at a whole deployment from where it is called; changes nothing. What can be asked at the same time is. */
export async function examine(config: Config, now: () => number = Date.now): Promise<Finding[]> {
  const { redisUrl, fallback } = config;
  const checks = [
    ...storesOf(config, now),
    () => checkModel(config),
    ...(fallback === null ? [] : [() => checkModel({ openai: { ...fallback, apiUrl: null } }, 'second model')]),
    () => checkCarrier(config),
    () => checkPublic(config),
    ...(redisUrl === null ? [] : [() => checkFleet(redisUrl, config)]),
  ];
  return (await Promise.all(checks.map((check) => check()))).flat();
}
