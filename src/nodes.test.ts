import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';
import { nodeEnvironments } from './nodes.ts';

const base = {
  PUBLIC_URL: 'https://voice.example.com',
  NODE_ID: 'box',
  REDIS_URL: 'redis://127.0.0.1:6379',
  DATABASE_URL: 'postgres://aida:pass@127.0.0.1/aida',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token-one',
  OPENAI_API_KEY: 'sk-test',
};

function refusal(change: Record<string, string>, count = 2): string {
  try {
    nodeEnvironments({ ...base, ...change }, count);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'accepted';
}

describe('the environments of several nodes', () => {
  it('share everything but name, ports and media address', () => {
    const environments = nodeEnvironments({ ...base, CALLS_MAX: '70' }, 3);
    expect(environments).toEqual(
      [1, 2, 3].map((number) => ({
        ...base,
        CALLS_MAX: '70',
        NODE_ID: `box-${number}`,
        PORT: String(2998 + 2 * number),
        OPS_PORT: String(2999 + 2 * number),
        MEDIA_URL: `wss://voice.example.com/${number}/media-stream`,
      })),
    );
    for (const environment of environments) readConfig(environment);
  });

  it('keep the path of a machine among several under one name, the ports that were given, and the address for siblings', () => {
    const given = {
      MEDIA_URL: 'wss://media.example.com/a/media-stream',
      PORT: '8000',
      OPS_PORT: '9000',
      NODE_URL: 'http://10.0.0.11:9000',
    };
    expect(nodeEnvironments({ ...base, ...given }, 2)[1]).toMatchObject({
      MEDIA_URL: 'wss://media.example.com/a-2/media-stream',
      PORT: '8002',
      OPS_PORT: '9002',
      NODE_URL: 'http://10.0.0.11:9002',
    });
    expect(nodeEnvironments({ ...base, PORT: '0', OPS_PORT: '0' }, 2)[1]).toMatchObject({ PORT: '0', OPS_PORT: '0' });
  });

  it.each([
    [{ PORT: '3000', OPS_PORT: '3002' }, 2, 'the same port'],
    [{ PORT: '65534', OPS_PORT: '1' }, 2, 'above 65535'],
    [{ NODE_URL: 'http://10.0.0.11' }, 2, 'NODE_URL must name its port'],
    [{ EMBEDDED: '1', REDIS_URL: '' }, 2, 'needs REDIS_URL'],
    [{}, 0, '--nodes must be 1 to 64'],
    [{}, NaN, '--nodes must be 1 to 64'],
    [{}, 65, '--nodes must be 1 to 64'],
    [{ PORT: 'x' }, 2, 'PORT is "x"'],
  ])('stop the start on %j × %d: %s', (change, count, why) => {
    expect(refusal(change, count)).toContain(why);
  });
});
