import { afterEach, expect, test } from 'vitest';
import { lacksPart } from '../../../src/embedded/parts.ts';
import { type LineLedgers, TurnCaller } from './caller.ts';
import {
  anyHost,
  type Certificate,
  type Contestant,
  makeCertificate,
  startAgentsSdk,
  startBareSplice,
  startWsJson,
} from './contestants.ts';
import { FrameLedger } from './frames.ts';
import { TurnModel } from './model.ts';
import { directPath } from './model-line.ts';

/** From a moment of silence over the question to the end of a turn, and the silence in which the answer comes. */
const framesOfATurn = 420;
const silentAtMs = 5_000;
const framesOfAnswer = 200;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function modelWith(certificate: Certificate | null = null) {
  const ledgers: LineLedgers = { toModel: new FrameLedger(4), toCaller: new FrameLedger(4) };
  const model = await TurnModel.start({ ledgers, ...(certificate ? { tls: certificate } : {}) });
  closers.push(async () => model.close());
  return { ledgers, model };
}

async function callerAt(contestant: Contestant, ledgers: LineLedgers): Promise<TurnCaller> {
  const caller = await TurnCaller.open(2, await contestant.place(), ledgers, silentAtMs);
  closers.push(async () => caller.hangUp());
  return caller;
}

/** Frames as fast as they go: turns are told by what is in them. */
async function takesATurn(caller: TurnCaller, { toModel, toCaller }: LineLedgers): Promise<void> {
  for (let i = 0; i < framesOfATurn; i++) caller.sendFrame();
  await expect.poll(() => toCaller.arrived).toBe(framesOfAnswer);
  await expect.poll(() => toModel.missing).toBe(0);
  for (const ledger of [toModel, toCaller]) expect(ledger).toMatchObject({ missing: 0, disordered: 0, foreign: 0 });
  expect([toModel.sent, caller.heardMs]).toEqual([framesOfATurn, 4_000]);
}

test('without anything between them the model hears a question and answers it, and the caller hears all of it', async () => {
  const { ledgers, model } = await modelWith();
  const place = { port: model.port, path: directPath, headers: anyHost, accountSid: '', callSid: '', parameters: {} };
  const caller = await TurnCaller.open(2, place, ledgers, silentAtMs);
  closers.push(async () => caller.hangUp());
  await takesATurn(caller, ledgers);
  expect(model.lines.map(({ turns, answers }) => [turns, answers])).toEqual([[1, 1]]);
  expect(caller.answersMs).toHaveLength(1);
});

test('a model that opens late is not there before', async () => {
  const { ledgers, model } = await modelWith();
  model.opensAfterMs = 300;
  const from = performance.now();
  const place = { port: model.port, path: directPath, headers: anyHost, accountSid: '', callSid: '', parameters: {} };
  const caller = await TurnCaller.open(2, place, ledgers, silentAtMs);
  closers.push(async () => caller.hangUp());
  expect(performance.now() - from).toBeGreaterThanOrEqual(299);
});

test.each([
  ['the bare splice', startBareSplice, false],
  ['the bare splice, by TLS', startBareSplice, true],
  ['ws and JSON', startWsJson, false],
] as const)('%s carries a turn both ways, no frame lost', async (_name, start, isSecure) => {
  const certificate = isSecure ? await makeCertificate() : null;
  if (certificate) closers.push(() => certificate.remove());
  const { ledgers, model } = await modelWith(certificate);
  const contestant = await start(model.url, certificate?.file);
  closers.push(() => contestant.stop());
  const caller = await callerAt(contestant, ledgers);
  await expect.poll(() => model.lines[0]?.isReady).toBe(true);
  await takesATurn(caller, ledgers);
});

test.skipIf(await lacksPart('references'))('so does the agents SDK', async () => {
  const { ledgers, model } = await modelWith();
  const contestant = await startAgentsSdk(model.url);
  closers.push(() => contestant.stop());
  const caller = await callerAt(contestant, ledgers);
  await expect.poll(() => model.lines[0]?.isReady).toBe(true);
  await takesATurn(caller, ledgers);
});
