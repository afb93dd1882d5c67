import { expect, test } from 'vitest';
import { createMetrics } from '../telemetry/metrics.ts';
import type { CarrierPort } from './carrier.ts';
import { meteredCarrier } from './metered-carrier.ts';

const call = { to: '+15035550100', from: '+15035550111', url: 'https://a/voice', statusCallback: 'https://a/s' };

test('every request is counted by kind and result, and timed', async () => {
  const metrics = createMetrics();
  let clock = 0;
  const silent: CarrierPort = {
    ask: () => Promise.resolve(null),
    redirect: () => Promise.resolve('busy'),
    replace: () => Promise.resolve('gone'),
    record: () => Promise.resolve('failed'),
    live: () => Promise.resolve(['CA1']),
    place: () => Promise.resolve('CA2'),
  };
  const carrier = meteredCarrier(silent, metrics, () => (clock += 100));
  expect([
    await carrier.ask('CA1'),
    await carrier.redirect('CA1', 'https://a/voice/next'),
    await carrier.replace('CA1', '<Response/>'),
    await carrier.record('CA1', 'paused'),
    await carrier.live(),
    await carrier.place(call),
  ]).toEqual([null, 'busy', 'gone', 'failed', ['CA1'], 'CA2']);
  const { values } = await metrics.carrierRequests.get();
  expect(values.map(({ labels, value }) => [labels['kind'], labels['result'], value])).toEqual([
    ['ask', 'failed', 1],
    ['list', 'done', 1],
    ['redirect', 'busy', 1],
    ['replace', 'gone', 1],
    ['place', 'done', 1],
    ['record', 'failed', 1],
  ]);
  expect(await metrics.scrape()).toContain('aida_carrier_request_seconds_bucket{le="0.1"} 6');
});
