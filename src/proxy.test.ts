import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { haproxyConfig } from './http/haproxy.ts';
import { proxiedNodes } from './nodes.ts';

test('the configuration in docs/ is what the command writes for four nodes and the default ports', async () => {
  const env = {
    PUBLIC_URL: 'https://voice.example.com',
    NODE_ID: 'aida',
    REDIS_URL: 'redis://127.0.0.1:6379',
    DATABASE_URL: 'postgres://aida:pass@127.0.0.1/aida',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token-one',
    OPENAI_API_KEY: 'sk-test',
  };
  const written = await readFile(join(import.meta.dirname, '../docs/haproxy.cfg'), 'utf8');
  expect(haproxyConfig(proxiedNodes(env, 4))).toBe(written);
});
