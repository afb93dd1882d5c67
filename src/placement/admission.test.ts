import { beforeEach, expect, test } from 'vitest';
import { DirectoryError } from '../directory/errors.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { noTracing } from '../telemetry/tracing.ts';
import { Admission, type Asked } from './admission.ts';
import type { FleetSnapshot, Placing } from './placement.ts';
import { noSwitches } from '../directory/switch-states.ts';

const call: Asked = { callSid: 'CA1', kind: 'new', from: '+15035550199', preferredNode: null, trace: null };
const live: Asked = { ...call, kind: 'live', preferredNode: 'n2' };

const metrics = createMetrics();
let snapshot: FleetSnapshot;
let isAway = false;
let fair: 'admitted' | 'tooMany' | 'blocked' | Error;
let placing: Placing | 'never';
let isAfterHours: boolean;
let isModelUsable = true;
let reserved: unknown[];
let warmed: unknown[];
let left: unknown[];
let admission: Admission;

beforeEach(() => {
  isAway = false;
  fair = 'admitted';
  placing = { ok: true, node: 'n2', incarnation: 'i2', mediaUrl: 'wss://n2' };
  isAfterHours = false;
  isModelUsable = true;
  reserved = [];
  warmed = [];
  left = [];
  snapshot = {
    at: 1,
    own: { calls: 10, reason: 'configured', live: 4, reserved: 0 },
    fleet: { nodes: 2, capacity: 20, load: 4, kept: 10, waiting: 0 },
    ceilings: [],
    spend: { state: 'open', share: 0 },
    switches: noSwitches,
  };
  admission = new Admission({
    placement: {
      reserve: (...asked) => {
        reserved.push(asked);
        return placing === 'never' ? new Promise<never>(() => {}) : Promise.resolve(placing);
      },
      release: (callSid) => Promise.resolve(void left.push(['released', callSid])),
      snapshot: () => snapshot,
      get isAway() {
        return isAway;
      },
      here: 'wss://n1',
      name: { node: 'n1', incarnation: 'i1' },
    },
    assistants: {
      usable: () => isModelUsable,
      warm: (node, ask) => void warmed.push([node, ask]),
      over: (callSid) => void left.push(['over', callSid]),
    },
    isAfterHours: () => isAfterHours,
    now: () => 7_000.4,
    fairness: {
      admit: () => (fair instanceof Error ? Promise.reject(fair) : Promise.resolve(fair)),
      leave: (from, callSid) => Promise.resolve(void left.push(['left', from, callSid])),
    },
    log: createLog('silent'),
    metrics,
    tracing: noTracing,
  });
});

test('a call gets the place that was reserved; one that goes on prefers its node', async () => {
  expect(await admission.reserve(call)).toEqual({ ok: true, mediaUrl: 'wss://n2' });
  expect(await admission.reserve(live)).toMatchObject({ ok: true, mediaUrl: 'wss://n2' });
  expect(reserved).toEqual([
    ['CA1', 'new', null],
    ['CA1', 'live', 'n2'],
  ]);
});

test('the node that holds a new call makes a session ready, this one too when it is alone', async () => {
  await admission.reserve(call);
  placing = { ok: false, reason: 'unavailable' };
  await admission.reserve(call);
  placing = { ok: false, reason: 'full', limit: 'nodes' };
  await admission.reserve(call);
  const ask = { callSid: 'CA1', at: 7_000, isNew: true };
  expect(warmed).toEqual([
    [{ node: 'n2', incarnation: 'i2' }, ask],
    [{ node: 'n1', incarnation: 'i1' }, ask],
  ]);
});

test('a conversation gets its session once its stream is sure to come: it may be over', async () => {
  const place = await admission.reserve(live);
  expect(place).toMatchObject({ ok: true, node: { node: 'n2', incarnation: 'i2' } });
  expect(warmed).toEqual([]);
  admission.warm('CA1', { node: 'n2', incarnation: 'i2' }, null);
  expect(warmed).toEqual([
    [
      { node: 'n2', incarnation: 'i2' },
      { callSid: 'CA1', at: 7_000, isNew: false },
    ],
  ]);
});

test('a place that is not used is given back with its session', async () => {
  await admission.release('CA1');
  expect(left).toEqual([
    ['over', 'CA1'],
    ['released', 'CA1'],
  ]);
});

test('after hours new callers leave a message where the store has it so; conversations go on', async () => {
  isAfterHours = true;
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'afterHours' });
  isAway = true;
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'afterHours' });
  isAway = false;
  expect(await admission.reserve(live)).toMatchObject({ ok: true });
  snapshot = { ...snapshot, switches: { ...noSwitches, rung: 'staff' } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'rung', rung: 'staff' });
});

test('without any model new callers begin at the keypad, conversations go on', async () => {
  isModelUsable = false;
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'rung', rung: 'menu' });
  isAway = true;
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'rung', rung: 'menu' });
  expect([reserved, warmed]).toEqual([[], []]);
  isAway = false;
  expect(await admission.reserve(live)).toMatchObject({ ok: true });
  isModelUsable = true;
  expect(await admission.reserve(call)).toMatchObject({ ok: true });
});

test('who may not come in is told before anything is reserved, and counted', async () => {
  for (const reason of ['blocked', 'tooMany'] as const) {
    fair = reason;
    expect(await admission.reserve(call)).toEqual({ ok: false, reason });
  }
  expect(reserved).toEqual([]);
  const scraped = await metrics.scrape();
  expect(scraped).toContain('aida_admissions_total{result="blocked"} 1');
  expect(scraped).toContain('aida_admissions_total{result="tooMany"} 1');
});

test('admission switched off lets no new call in, and those that go on', async () => {
  snapshot = { ...snapshot, switches: { ...noSwitches, admission: false, rung: 'menu' } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'closed' });
  expect(await admission.reserve(live)).toMatchObject({ ok: true });
});

test('a rung that is forced takes new calls without a place; spent money is the keypad', async () => {
  snapshot = { ...snapshot, spend: { state: 'spent', share: 1.2 } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'rung', rung: 'menu' });
  snapshot = { ...snapshot, switches: { ...noSwitches, rung: 'staff' } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'rung', rung: 'staff' });
  expect(reserved).toEqual([]);
  expect(await admission.reserve(live)).toMatchObject({ ok: true });
  snapshot = { ...snapshot, spend: { state: 'alarm', share: 0.9 }, switches: noSwitches };
  expect(await admission.reserve(call)).toMatchObject({ ok: true });
});

test('a full fleet says what fills it', async () => {
  placing = { ok: false, reason: 'full', limit: 'tokens' };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'full', limit: 'tokens' });
  expect(await metrics.scrape()).toContain('aida_admissions_total{result="full tokens"} 1');
});

test('a caller who cannot be counted is let in', async () => {
  fair = new DirectoryError('unanswered', 'admitCaller');
  expect(await admission.reserve(call)).toMatchObject({ ok: true });
});

test('without Redis this node takes calls within its own bound, by what was switched last', async () => {
  isAway = true;
  expect(await admission.reserve(call)).toEqual({ ok: true, mediaUrl: 'wss://n1', alone: true });
  expect(await admission.reserve(live)).toMatchObject({ ok: true, mediaUrl: 'wss://n1', alone: true });
  snapshot = { ...snapshot, own: { ...snapshot.own, live: 10 } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'full', limit: 'nodes' });
  expect(await admission.reserve(live)).toMatchObject({ ok: true, alone: true });
  snapshot = { ...snapshot, own: { ...snapshot.own, live: 4, reserved: 6 } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'full', limit: 'nodes' });
  snapshot = { ...snapshot, own: { calls: 0, reason: 'draining', live: 3, reserved: 0 } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'unavailable' });
  expect(await admission.reserve(live)).toEqual({ ok: false, reason: 'draining' });
  snapshot = { ...snapshot, switches: { ...noSwitches, admission: false } };
  expect(await admission.reserve(call)).toEqual({ ok: false, reason: 'closed' });
  expect(reserved).toEqual([]);
});

test('a Redis that says nothing is not waited for: the node answers by itself', async () => {
  placing = { ok: false, reason: 'unavailable' };
  expect(await admission.reserve(call)).toMatchObject({ ok: true, alone: true });
  placing = 'never';
  expect(await admission.reserve(call)).toMatchObject({ ok: true, alone: true });
});

test('a call that is over gives back its place and its share of the lines', async () => {
  await admission.ended('CA1', '+15035550199');
  expect(left).toEqual([
    ['over', 'CA1'],
    ['left', '+15035550199', 'CA1'],
    ['released', 'CA1'],
  ]);
});
