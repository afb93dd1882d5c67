import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { haproxyConfig } from './http/haproxy.ts';
import { proxiedNodes, proxiedPlaces } from './nodes.ts';

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

test('nodes of containers are reached by names that are looked up again and again', () => {
  const text = haproxyConfig(proxiedPlaces({}, 'node-1,node-2'), ':8080', '127.0.0.11:53');
  expect(text).toContain('bind :8080\n');
  expect(text).toContain('use_backend media-node-2 if { path /node-2/media-stream /node-2/listen }');
  expect(text).toContain('server node-2 node-2:3000 check port 3001');
  expect(text).toMatch(/default-server .* resolvers names .*init-addr last,libc,none/);
  expect(text).toContain('resolvers names\n  nameserver known 127.0.0.11:53');
  expect(() => proxiedPlaces({}, 'Node_1')).toThrow('--at');
});
