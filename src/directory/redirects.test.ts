import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../embedded/redis.ts';
import { claimed, dtmf, newCallSid, nodeA, nodeB, streamed, webhook } from './calls.fixture.ts';
import { claimWebhook, type WebhookClaimRequest } from './claims.ts';
import { append } from './journal.ts';
import { callKeys } from './keys.ts';
import { directoryLimits } from './limits.ts';
import { clearRedirect, markRedirect } from './redirects.ts';
import { connectRedis, type RedisLink } from './redis.ts';

let server: RedisServer;
let link: RedisLink;
const nodeC = { node: 'c', incarnation: '3' };

beforeAll(async () => {
  server = await startRedis();
  link = await connectRedis(server.url);
});

afterAll(async () => {
  await link.close();
  await server.stop();
});

/** A conversation at node a. */
async function talk() {
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid));
  const { epoch } = await streamed(link, callSid, arrival.epoch);
  await append(link, { callSid, epoch, firstSeq: 1, facts: [dtmf('1')], state: 'conversation' });
  const next = (more: Partial<WebhookClaimRequest> = {}) =>
    webhook(callSid, { kind: 'next', node: nodeB, countBreak: true, ...more });
  const mark = (by = nodeB) => markRedirect(link, { callSid, owner: nodeA, epoch, by });
  return { callSid, epoch, next, mark };
}

/** Makes the mark look older than it is. */
async function age(callSid: string, ms: number): Promise<void> {
  const { call } = callKeys(callSid);
  const [epoch, until, counted, by] = String(await link.command('hget', call, 'redirect')).split(' ');
  await link.command('hset', call, 'redirect', `${epoch} ${Number(until) - ms} ${Number(counted) - ms} ${by}`);
}

test('while the carrier is told to ask, only what it was told to send claims; that is one break', async () => {
  const { callSid, epoch, next, mark } = await talk();
  expect(await mark()).toBe('marked');
  const waits = await claimWebhook(link, next({ idempotencyToken: 'own' }));
  expect(waits).toMatchObject({ kind: 'redirecting', epoch });
  const [seconds] = (await link.command('time')) as [string];
  const left = (waits.kind === 'redirecting' ? waits.untilMs : 0) - Number(seconds) * 1_000;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThanOrEqual(directoryLimits.redirectLifeMs + 1_000);
  const moved = await claimed(link, next({ move: epoch, idempotencyToken: 'told' }));
  expect(moved).toMatchObject({ breaks: 1, ownerBefore: nodeA, epochBefore: epoch, intent: null });
  // The redirect is over: what the carrier asks from now on claims as ever.
  expect(await claimed(link, next({ idempotencyToken: 'later' }))).toMatchObject({ breaks: 2 });
  expect(await link.command('hget', callKeys(callSid).call, 'redirect')).toBeNull();
});

test('a carrier that was never told claims by itself once the time is over, and it is the same break', async () => {
  const { callSid, epoch, next, mark } = await talk();
  await mark();
  await age(callSid, directoryLimits.redirectLifeMs);
  expect(await claimed(link, next())).toMatchObject({ breaks: 1 });
  expect(await claimWebhook(link, next({ move: epoch }))).toMatchObject({ kind: 'moved', owner: null });
});

test('a carrier that must be told twice of one epoch broke the call once', async () => {
  const { callSid, epoch, next, mark } = await talk();
  await mark();
  const { call } = callKeys(callSid);
  const [, until, counted, by] = String(await link.command('hget', call, 'redirect')).split(' ');
  const over = Number(until) - 2 * directoryLimits.redirectLifeMs;
  await link.command('hset', call, 'redirect', `${epoch} ${over} ${counted} ${by}`);
  expect(await mark()).toBe('marked');
  expect(await claimed(link, next({ move: epoch }))).toMatchObject({ breaks: 1 });
});

test('a REST error ends the redirect, and what it counted', async () => {
  const { callSid, epoch, next, mark } = await talk();
  await mark();
  expect(await clearRedirect(link, callSid, epoch - 1)).toBe(false);
  expect(await clearRedirect(link, callSid, epoch)).toBe(true);
  expect(await clearRedirect(link, callSid, epoch)).toBe(false);
  expect(await claimed(link, next())).toMatchObject({ breaks: 1 });
});

test('a caller that comes by itself with an intent passes a redirect; the one told to come finds it gone on', async () => {
  const { callSid, epoch, next, mark } = await talk();
  const intent = { kind: 'voicemail', topic: '' } as const;
  await append(link, { callSid, epoch, firstSeq: 2, facts: [dtmf('2')], intent });
  await mark();
  const own = await claimed(link, next());
  expect(own).toMatchObject({ intent });
  expect(await claimWebhook(link, next({ move: epoch }))).toEqual({ kind: 'moved', epoch: own.epoch, owner: null });
  expect(await clearRedirect(link, callSid, epoch)).toBe(false);
});

test('the told request is handed the intent too, and its repeat the stored answer', async () => {
  const { callSid, epoch, next, mark } = await talk();
  const intent = { kind: 'hangup', reason: '' } as const;
  await append(link, { callSid, epoch, firstSeq: 2, facts: [dtmf('2')], intent });
  await mark();
  const told = next({ move: epoch, idempotencyToken: 't' });
  const claim = await claimed(link, told);
  expect(claim).toMatchObject({ intent });
  expect(await claimWebhook(link, told)).toEqual({ kind: 'pending', epoch: claim.epoch });
  // Its claimer dies: the retry of what the carrier was told to send claims anew.
  const { call } = callKeys(callSid);
  await link.command('hset', call, 'claimedAt', claim.at - directoryLimits.unansweredMs);
  const retry = await claimed(link, told);
  const answer = { idempotencyToken: 't', text: '<Hangup/>' };
  await append(link, { callSid, epoch: retry.epoch, firstSeq: 1, facts: [dtmf('3')], answer });
  expect(await claimWebhook(link, told)).toEqual({ kind: 'answered', epoch: retry.epoch, answer: '<Hangup/>' });
});

test('a check does not come between the carrier and what it was told', async () => {
  const { callSid, epoch, next, mark } = await talk();
  await mark();
  await claimed(link, webhook(callSid, { kind: 'check', expectedEpoch: epoch }));
  expect(await claimWebhook(link, next())).toMatchObject({ kind: 'redirecting' });
  expect(await claimed(link, next({ move: epoch }))).toMatchObject({ breaks: 1 });
});

test('only a call that is as it was judged is marked, by one node', async () => {
  const { callSid, epoch, mark } = await talk();
  expect(await mark()).toBe('marked');
  expect(await mark(), 'the repeat of a mark whose reply was lost').toBe('marked');
  expect(await mark(nodeC)).toBe('underWay');
  expect(await link.command('hget', callKeys(callSid).call, 'broken')).toMatch(/^\d+$/);
  const ask = { callSid, owner: nodeA, epoch, by: nodeC };
  expect(await markRedirect(link, { ...ask, epoch: epoch - 1 })).toBe('moved');
  expect(await markRedirect(link, { ...ask, owner: nodeB })).toBe('moved');
  await age(callSid, directoryLimits.redirectLifeMs);
  expect(await mark(nodeC)).toBe('marked');
  for (const state of ['dialing', 'recording', 'menu', 'waiting', 'hangingUp']) {
    await link.command('hset', callKeys(callSid).call, 'state', state);
    expect(await mark(), state).toBe('idle');
  }
  await append(link, { callSid, epoch, firstSeq: 2, facts: [dtmf('2')], ended: 'completed' });
  expect(await mark()).toBe('ended');
  expect(await markRedirect(link, { ...ask, callSid: newCallSid() })).toBe('unknown');
});

test('a stream that was claimed and never written of is moved; one of a later epoch is not', async () => {
  const callSid = newCallSid();
  const arrival = await claimed(link, webhook(callSid));
  await append(link, { callSid, epoch: arrival.epoch, firstSeq: 1, facts: [dtmf('1')], state: 'ringing' });
  const before = { callSid, owner: nodeA, epoch: arrival.epoch, by: nodeB };
  expect(await markRedirect(link, before)).toBe('moved');
  const { epoch } = await streamed(link, callSid, arrival.epoch);
  expect(await markRedirect(link, before)).toBe('moved');
  expect(await markRedirect(link, { ...before, epoch })).toBe('marked');
});

test('of many judges at once one marks', async () => {
  const { mark } = await talk();
  const judges = Array.from({ length: 10 }, (_, index) => ({ node: `j${index}`, incarnation: '1' }));
  const marks = await Promise.all(judges.map(mark));
  expect(marks.filter((got) => got === 'marked')).toHaveLength(1);
  expect(marks.filter((got) => got === 'underWay')).toHaveLength(9);
});
