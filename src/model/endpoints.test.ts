import { beforeEach, expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { breakerLimits } from './breaker.ts';
import { Endpoints } from './endpoints.ts';

const first = { url: 'ws://one', apiKey: 'sk-1', model: 'm1' };
const second = { url: 'ws://two', apiKey: 'sk-2', model: 'm2' };

let now: number;
let metrics: Metrics;

beforeEach(() => {
  now = 0;
  metrics = createMetrics();
});

const endpointsOf = (...settings: (typeof first)[]) =>
  new Endpoints({ endpoints: settings, log: createLog('silent'), metrics, now: () => now });

test('the first that can be had; what it loses for good is the second’s to try', () => {
  const endpoints = endpointsOf(first, second);
  const leave = endpoints.enter('CA1');
  expect(leave.model).toBe('m1');
  expect(leave.lost('insufficient_quota', true)).toBe(false);
  expect(endpoints.enter('CA2').model).toBe('m2');
  expect(endpoints.enter('CA1').lost('invalid_api_key', true)).toBe(true);
  expect([endpoints.usable, endpoints.admits]).toEqual([false, false]);
});

test('a call that one endpoint let down tries the other one first, for a while; other calls do not', () => {
  const endpoints = endpointsOf(first, second);
  expect(endpoints.enter('CA1').lost('unreachable', false)).toBe(false);
  expect([endpoints.enter('CA1').model, endpoints.enter('CA2').model]).toEqual(['m2', 'm1']);
  now = 10_000;
  expect(endpoints.enter('CA1').model).toBe('m1');
});

test('a call that was kept waiting by one endpoint tries the other one, though it had spoken', () => {
  const endpoints = endpointsOf(first, second);
  const leave = endpoints.enter('CA1');
  leave.configured();
  leave.spoke();
  expect(leave.lost('dead_air', false)).toBe(false);
  expect(endpoints.enter('CA1').model).toBe('m2');
});

test('a limit that one account has met is no end while there is another account', () => {
  const endpoints = endpointsOf(first, second);
  expect(endpoints.enter('CA1').lost('rate_limit_exceeded', true)).toBe(false);
  expect(endpoints.enter('CA1').model).toBe('m2');
  expect(endpointsOf(first).enter('CA1').lost('rate_limit_exceeded', true)).toBe(true);
});

test('a conversation that broke off goes on where it was', () => {
  const endpoints = endpointsOf(first, second);
  const leave = endpoints.enter('CA1');
  leave.configured();
  leave.spoke();
  expect(leave.lost('closed_1006', false)).toBe(false);
  expect(endpoints.enter('CA1').model).toBe('m1');
});

test('without any endpoint a session is lost before it has a socket, for good where that will not pass', async () => {
  const endpoints = endpointsOf(first);
  const refused = async () => {
    const leave = endpoints.enter('CA1');
    const gone = await new Promise<[string, boolean]>((resolve) => {
      leave.connect({
        onOpen: () => undefined,
        onMessage: () => undefined,
        onGone: (...how) => resolve(how),
      });
    });
    return [...gone, leave.lost(...gone)];
  };
  for (let nth = 0; nth < breakerLimits.failuresMax; nth += 1) endpoints.enter(`CA${nth}`).lost('unreachable', false);
  // New callers still come: their streams are not here yet.
  expect([endpoints.usable, endpoints.admits]).toEqual([true, false]);
  expect(await refused()).toEqual(['no_endpoint', false, false]);
  now += breakerLimits.passingRestMs;
  endpoints.enterTrial()?.lost('http_401', true);
  expect(await refused()).toEqual(['no_endpoint', true, true]);
  expect(endpoints.usable).toBe(false);
});

test('a trial is only for what rests, and when its rest is over', () => {
  const endpoints = endpointsOf(first, second);
  expect(endpoints.enterTrial()).toBeNull();
  endpoints.enter('CA1').lost('invalid_api_key', true);
  expect(endpoints.enterTrial()).toBeNull();
  now = breakerLimits.fatalRestMs;
  const trial = endpoints.enterTrial();
  expect([trial?.model, endpoints.enterTrial()]).toEqual(['m1', null]);
  trial?.configured();
  expect(endpoints.enter('CA2').model).toBe('m1');
});

test('no caller tries what rests while another one works', () => {
  const endpoints = endpointsOf(first, second);
  endpoints.enter('CA1').lost('invalid_api_key', true);
  now = breakerLimits.fatalRestMs;
  expect([endpoints.enter('CA2').model, endpoints.enter('CA3').model]).toEqual(['m2', 'm2']);
  endpoints.enterTrial()?.configured();
  expect(endpoints.enter('CA2').model).toBe('m1');
});

test('what was opened, lost and given a rest is counted by endpoint, a code that a server makes up as one', async () => {
  const endpoints = endpointsOf(first, second);
  endpoints.enter('CA1').lost('brand_new', true);
  endpoints.enter('CA2').lost('http_503', false);
  const scraped = await metrics.scrape();
  expect(scraped).toContain('aida_model_sessions_opened_total{endpoint="first"} 1');
  expect(scraped).toContain('aida_model_sessions_lost_total{endpoint="first",code="other"} 1');
  expect(scraped).toContain('aida_model_sessions_lost_total{endpoint="fallback",code="http_503"} 1');
  expect(scraped).toContain('aida_model_endpoint_resting{endpoint="first"} 1');
  expect(scraped).toContain('aida_model_endpoint_resting{endpoint="fallback"} 0');
});
