import { afterAll, beforeAll, expect, test } from 'vitest';
import { CallLogEntity } from '../../../entities/call-log.ts';
import { TurnEntity } from '../../../entities/turn.ts';
import { createLog } from '../../telemetry/log.ts';
import { startSyntheticCaller, type SyntheticCaller } from './caller.ts';
import type { Question } from './call.ts';
import { eventually, startWorld, type World } from '../e2e/world.fixture.ts';

const hours: Question = { kind: 'words', text: 'What are your store hours?', expects: /open|closed|\d{1,2}:\d\d/i };
const lines: { msg: string; result: string }[] = [];

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 60_000);
afterAll(() => world.stop());

/** A caller of this kind, for as long as the work takes. */
async function withCaller(
  change: { authToken?: string; question?: Question; limits?: object },
  work: (caller: SyntheticCaller) => Promise<void>,
): Promise<void> {
  const caller = await startSyntheticCaller({
    twilio: world.twilio,
    authToken: world.env['TWILIO_AUTH_TOKEN'] ?? '',
    from: '+15005550006',
    to: '+15005550000',
    question: hours,
    everyMs: 60_000,
    host: '127.0.0.1',
    metricsPort: 0,
    log: createLog('info', { destination: { write: (line) => lines.push(JSON.parse(line) as never) } }),
    nowS: () => 1_000,
    ...change,
  });
  try {
    await work(caller);
  } finally {
    await caller.stop();
  }
}

const scraped = async (caller: SyntheticCaller) => (await fetch(`http://127.0.0.1:${caller.port}/metrics`)).text();

test('a call is answered and asked something; no row is made of it, and a real call beside it has its own', async () => {
  const real = world.twilio.placeCall({ from: '+15035550142', to: '+15005550000' });
  await withCaller({}, async (caller) => {
    const report = await caller.once();
    expect([report.result, report.heard]).toEqual(['ok', expect.stringMatching(/open|closed|\d:\d\d/i)]);
    const text = await scraped(caller);
    expect(text).toContain('aida_synthetic_calls_total{result="ok"} 1');
    expect(text).toContain('aida_synthetic_first_word_seconds_count 1');
    expect(text).toContain('aida_synthetic_answer_seconds_count 1');
    expect(text).toContain('aida_synthetic_last_ok_seconds 1000');
    expect(await world.metric('aida_calls_synthetic_total')).toBe(1);
    expect(await world.metric('aida_tool_runs_total', { tool: 'get_store_hours', result: 'ok' })).toBe(1);
    real.hangUp();
    await real.done;
    const rows = world.rows.getRepository(CallLogEntity);
    const row = await eventually(
      () => rows.findOneBy({ callSid: real.sid }),
      (found) => found !== null && found.endedAt !== null,
    );
    expect(row?.fromNumber).toBe('+15035550142');
    expect((await rows.find()).map(({ callSid }) => callSid)).toEqual([real.sid]);
    expect(await world.rows.getRepository(TurnEntity).countBy({ callSid: report.callSid })).toBe(0);
  });
}, 60_000);

test('an answer that is not the one that was waited for is no success', async () => {
  const question: Question = { ...hours, kind: 'words', expects: /never said/ };
  await withCaller({ question, limits: { wordsMs: 3_000 } }, async (caller) => {
    expect((await caller.once()).result).toBe('wrong_answer');
    const text = await scraped(caller);
    expect(text).toContain('aida_synthetic_calls_total{result="wrong_answer"} 1');
    expect(text).toContain('aida_synthetic_last_ok_seconds 0');
    expect(lines.at(-1)).toMatchObject({ level: 'error', result: 'wrong_answer', msg: 'a synthetic call went wrong' });
  });
}, 60_000);

test('a service that cannot be reached is told as such, within its bounds', async () => {
  const { hosts } = world.twilio;
  const before = { ...hosts };
  for (const name of Object.keys(hosts)) hosts[name] = '127.0.0.1:1';
  await withCaller({ limits: { firstWordMs: 2_000 } }, async (caller) => {
    expect((await caller.once()).result).toBe('refused');
  });
  Object.assign(hosts, before);
}, 60_000);
