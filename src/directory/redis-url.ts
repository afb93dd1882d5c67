export interface RedisPlace {
  host: string;
  port: number;
}

/** Where Redis is, in one of three forms. */
export type RedisAddress = { tls: boolean; username: string; password: string; db: number } & (
  | { form: 'single'; place: RedisPlace }
  | { form: 'sentinel'; sentinels: RedisPlace[]; primary: string }
  | { form: 'cluster'; seeds: RedisPlace[] }
);

const PORT_DEFAULT = 6379;
const SENTINEL_PORT_DEFAULT = 26_379;
const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/;

function parsePlace(text: string, portDefault: number): RedisPlace {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text);
  if (!match?.[1]) throw new RangeError(`REDIS_URL: '${text}' is not host or host:port`);
  return { host: match[1].replace(/^\[|\]$/g, ''), port: match[2] ? Number(match[2]) : portDefault };
}

/**
 * `redis://[user:pass@]host:port/db`, `redis+sentinel://…@host:port,host:port/primary/db`,
 * `redis+cluster://…@host:port,host:port`; `rediss` in each for TLS.
 * @throws RangeError with the rule that was broken, never with the password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = SHAPE.exec(url);
  if (!match) throw new RangeError('REDIS_URL must be redis://, rediss://, redis+sentinel:// or redis+cluster://');
  const [, scheme, form, userInfo = '', hosts = '', path = ''] = match;
  const colon = userInfo.indexOf(':');
  const [username, password] = colon < 0 ? [userInfo, ''] : [userInfo.slice(0, colon), userInfo.slice(colon + 1)];
  const shared = {
    tls: scheme === 'rediss',
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  const places = hosts
    .split(',')
    .map((host) => parsePlace(host, form === 'sentinel' ? SENTINEL_PORT_DEFAULT : PORT_DEFAULT));
  const [first, second = '0'] = path.split('/');
  const dbText = form === 'sentinel' ? second : first || '0';
  if (!/^\d+$/.test(dbText)) throw new RangeError(`REDIS_URL: '${dbText}' is not a database number`);
  const db = Number(dbText);
  if (form === 'cluster') {
    if (db !== 0) throw new RangeError('REDIS_URL: a cluster has database 0 only');
    return { ...shared, db, form, seeds: places };
  }
  if (form === 'sentinel') {
    if (!first) throw new RangeError('REDIS_URL: redis+sentinel:// needs the name of the primary after the hosts');
    return { ...shared, db, form, sentinels: places, primary: first };
  }
  const [place] = places;
  if (!place || places.length > 1) throw new RangeError('REDIS_URL: redis:// takes one host');
  return { ...shared, db, form: 'single', place };
}
