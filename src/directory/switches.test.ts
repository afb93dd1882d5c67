import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { placementKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { beat } from './placement.fixture.ts';
import { connectRedis, type RedisLink } from './redis.ts';
import { noteAudit, readAudit, readSwitches, setSwitch } from './switches.ts';

let server: RedisServer;
let link: RedisLink;

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

beforeEach(() => link.command('flushall'));

afterAll(async () => {
  await link.close();
  await server.stop();
});

const set = (name: string, value: string | null) => setSwitch(link, { name, value, by: 'ann', reason: 'a test' });

test('a switch reaches every node with its next heartbeat, and is gone with it', async () => {
  expect(await set('admission', 'closed')).toBe('set');
  expect(await set('tool:order', '')).toBe('set');
  for (const node of ['a', 'b'])
    expect(await beat(link, node, 1)).toMatchObject({ switches: { admission: 'closed', 'tool:order': '' } });
  expect(await set('admission', null)).toBe('cleared');
  expect(await beat(link, 'a', 1)).toMatchObject({ kind: 'ok', switches: { 'tool:order': '' } });
  expect(await set('tool:order', null)).toBe('cleared');
  const reply = await beat(link, 'a', 1);
  expect(reply.kind === 'ok' ? reply.switches : null).toEqual({});
});

test('who set a switch, when and why is known, also of those that are set no longer', async () => {
  await set('callsMax', '40');
  await set('callsMax', '30');
  await set('rung', 'menu');
  await set('rung', null);
  await noteAudit(link, { name: 'block', value: '+1', by: 'bob', reason: 'robot' });
  const switches = await readSwitches(link);
  expect(switches).toEqual({ callsMax: { value: '30', by: 'ann', reason: 'a test', at: switches['callsMax']?.at } });
  const audit = await readAudit(link, 4);
  expect(audit.map(({ name, value, by, reason }) => ({ name, value, by, reason }))).toEqual([
    { name: 'block', value: '+1', by: 'bob', reason: 'robot' },
    { name: 'rung', value: '', by: 'ann', reason: 'a test' },
    { name: 'rung', value: 'menu', by: 'ann', reason: 'a test' },
    { name: 'callsMax', value: '30', by: 'ann', reason: 'a test' },
  ]);
  expect(audit[3]?.at).toBe(switches['callsMax']?.at);
});

test('switches are bounded in number and length, the audit in length', async () => {
  for (let i = 0; i < directoryLimits.switchesMax; i++) expect(await set(`s${i}`, 'x')).toBe('set');
  expect(await set('more', 'x')).toBe('full');
  expect(await set('s3', 'y')).toBe('set');
  expect(Object.keys(await readSwitches(link))).toHaveLength(directoryLimits.switchesMax);
  await expect(set('n'.repeat(directoryLimits.switchNameMax + 1), 'x')).rejects.toMatchObject({ code: 'tooLarge' });
  await expect(set('n', 'x'.repeat(directoryLimits.switchValueMax + 1))).rejects.toMatchObject({ code: 'tooLarge' });
  const long = { name: 'n', value: null, by: 'ann', reason: 'x'.repeat(directoryLimits.reasonMax + 1) };
  await expect(setSwitch(link, long)).rejects.toMatchObject({ code: 'tooLarge' });
  const note = { name: 'block', value: '', by: 'ann', reason: '' };
  await Promise.all(Array.from({ length: 2 * directoryLimits.auditEntriesMax }, () => noteAudit(link, note)));
  const kept = Number(await link.command('xlen', placementKeys.audit));
  expect(kept).toBeGreaterThanOrEqual(directoryLimits.auditEntriesMax);
  expect(kept).toBeLessThan(1.5 * directoryLimits.auditEntriesMax);
});
