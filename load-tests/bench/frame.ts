import type { MediaFrame } from '../../src/media/frame.ts';
import { FrameSlicer } from '../../src/media/frame-slicer.ts';
import { looksLikeDelta, readDelta, type AudioDelta } from '../../src/model/delta.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { describe, repeated, watched } from './quiet.ts';
import { median } from './statistics.ts';

interface SpliceResult {
  /** Nanoseconds a message, from the bytes that arrived to the text that leaves; the median of the rounds. */
  spliceNs: number;
  parseNs: number;
  /** parseNs / spliceNs of the same round; the median. */
  ratio: number;
}

const ratioTarget = 4;
const runs = { wanted: 2, triesMax: 3 };
const rounds = 15;
const frameBytes = 160;
/** 600 ms, as the model sends them. */
const deltaBytes = 4800;
const messagesPerRound = 40_000;
const streamSid = `MZ${'0'.repeat(32)}`;

function audio(bytes: number): string {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 37 + 11) & 0xff)).toString('base64');
}

/** Nanoseconds per call. */
function time(work: () => number, times: number): number {
  const startedAt = process.hrtime.bigint();
  let sink = 0;
  for (let i = 0; i < times; i++) sink += work();
  if (sink < 0) throw new Error('unreachable');
  return Number(process.hrtime.bigint() - startedAt) / times;
}

function compare(splice: () => number, parse: () => number, times: number): SpliceResult {
  if (splice() !== parse()) throw new Error('splice and parse differ');
  const samples = Array.from({ length: rounds + 1 }, () => ({
    spliceNs: time(splice, times),
    parseNs: time(parse, times),
  })).slice(1);
  return {
    spliceNs: median(samples.map(({ spliceNs }) => spliceNs)),
    parseNs: median(samples.map(({ parseNs }) => parseNs)),
    ratio: median(samples.map(({ spliceNs, parseNs }) => parseNs / spliceNs)),
  };
}

/** Caller → model: one 20 ms frame of the carrier into one append. */
function benchCallerFrame(): SpliceResult {
  const media = { track: 'inbound', chunk: '12343', timestamp: '246860', payload: audio(frameBytes) };
  const message = new Uint8Array(
    Buffer.from(JSON.stringify({ event: 'media', sequenceNumber: '12345', streamSid, media })),
  );
  const slicer = new FrameSlicer(streamSid);
  const frame: MediaFrame = { event: '', bytes: 0, timestampMs: 0 };
  const splice = () => {
    slicer.slice(message, frame);
    return frame.event.length;
  };
  const parse = () => {
    const parsed = JSON.parse(Buffer.from(message.buffer).toString()) as { media: { payload: string } };
    return JSON.stringify({ type: 'input_audio_buffer.append', audio: parsed.media.payload }).length;
  };
  return compare(splice, parse, messagesPerRound);
}

/** Model → caller: one delta into one media message. */
function benchModelDelta(audioBytes: number, times: number): SpliceResult {
  const event = {
    type: 'response.output_audio.delta',
    event_id: 'event_CkT0000000000000000001',
    response_id: 'resp_CkT0000000000000000001',
    item_id: 'item_CkT0000000000000000001',
    output_index: 0,
    content_index: 0,
    delta: audio(audioBytes),
  };
  const message = Buffer.from(JSON.stringify(event));
  const delta: AudioDelta = { responseId: '', itemId: '', payload: '', bytes: 0 };
  const splice = () => {
    if (looksLikeDelta(message)) readDelta(message, delta);
    return `{"event":"media","streamSid":"${streamSid}","media":{"payload":"${delta.payload}"}}`.length;
  };
  const parse = () => {
    const parsed = JSON.parse(message.toString()) as { delta: string };
    return JSON.stringify({ event: 'media', streamSid, media: { payload: parsed.delta } }).length;
  };
  return compare(splice, parse, times);
}

interface Ratios {
  callerFrame: SpliceResult;
  modelFrame: SpliceResult;
  modelDelta: SpliceResult;
}

function benchAll(): Ratios {
  return {
    callerFrame: benchCallerFrame(),
    modelFrame: benchModelDelta(frameBytes, messagesPerRound),
    modelDelta: benchModelDelta(deltaBytes, messagesPerRound / 10),
  };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const measured = await repeated(runs, async () => {
    const one = await watched([process.pid], () => Promise.resolve(benchAll()));
    const ratios = [one.result.callerFrame, one.result.modelFrame, one.result.modelDelta];
    say(`${ratios.map(({ ratio }) => `${ratio.toFixed(1)} ×`).join(', ')}; ${describe(one)}`);
    return one;
  });
  const of = (pick: (ratios: Ratios) => number): number => median(measured.kept.map(({ result }) => pick(result)));
  const ratio = (side: keyof Ratios, name: string, isJudged: boolean): Figure => {
    const ns = (name: 'spliceNs' | 'parseNs'): string => `${Math.round(of((ratios) => ratios[side][name]))} ns`;
    const beside = `${ns('spliceNs')} beside ${ns('parseNs')}`;
    const value = of((ratios) => ratios[side].ratio);
    const target = isJudged ? { target: { is: '≥', value: ratioTarget } as const } : {};
    // Both of a round meet the same machine: their ratio holds on a noisy one too.
    return figure({ name, value, unit: '×', beside, ...target }, true);
  };
  return {
    figures: [
      ratio('callerFrame', 'caller to model, a frame of 20 ms', true),
      ratio('modelDelta', 'model to caller, a delta of 600 ms', false),
      ratio('modelFrame', 'model to caller, a delta of 20 ms', false),
    ],
    runs: { measured: measured.all.length, quiet: measured.isTrusted ? measured.kept.length : 0 },
    details: measured.all.map(({ result, noise, isQuiet }) => ({ ...result, noise, isQuiet })),
  };
}

export const frame: Measure = {
  name: 'frame',
  title: 'how much faster a frame is spliced than parsed and written anew',
  run,
};
