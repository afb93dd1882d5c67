import type { CadenceKind } from '../../src/media/cadence.ts';
import { CallerAudio } from '../../src/media/caller-audio.ts';
import { emptyFrame } from '../../src/media/frame.ts';
import { FrameSlicer } from '../../src/media/frame-slicer.ts';
import { looksLikeDelta, readDelta, type AudioDelta } from '../../src/model/delta.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type Beside, inTurns, nsEach } from './beside.ts';
import { figure, type Figure, type Measure, type Outcome } from './figure.ts';
import { measureRuns } from './measure-runs.ts';

const ratioTarget = 4;
const runs = { wanted: 2, triesMax: 3 };
const rounds = 15;
const frameBytes = 160;
const frameMs = 20;
const silence = Buffer.alloc(frameBytes, 0xff).toString('base64');
/** 600 ms, as the model sends them. */
const deltaBytes = 4800;
const messagesPerRound = 40_000;
const streamSid = `MZ${'0'.repeat(32)}`;

function audio(bytes: number): string {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 37 + 11) & 0xff)).toString('base64');
}

/** What splicing a message costs beside parsing it and writing it anew. */
function compare(splice: () => number, parse: () => number, times: number): Promise<Beside> {
  if (splice() !== parse()) throw new Error('splice and parse differ');
  return inTurns(
    rounds,
    () => nsEach(times, splice),
    () => nsEach(times, parse),
  );
}

/**
 * Caller → model: one 20 ms frame of the carrier into one append. With a cadence also what is kept of it, and in a pause
 * the batch that it becomes part of.
 */
function benchCallerFrame(payload: string, cadence: CadenceKind | null): Promise<Beside> {
  const media = { track: 'inbound', chunk: '12343', timestamp: '246860', payload };
  const message = new Uint8Array(
    Buffer.from(JSON.stringify({ event: 'media', sequenceNumber: '12345', streamSid, media })),
  );
  const slicer = new FrameSlicer(streamSid);
  const frame = emptyFrame();
  const callerAudio = cadence && new CallerAudio({ cadence, metrics: createMetrics() });
  callerAudio?.connect({ heardBytes: 0, append: () => undefined });
  let timestampMs = 0;
  const splice = () => {
    slicer.slice(message, frame);
    timestampMs += frameMs;
    frame.timestampMs = timestampMs;
    callerAudio?.frame(frame, 0);
    return frame.to - frame.from;
  };
  const parse = () => {
    const parsed = JSON.parse(Buffer.from(message.buffer).toString()) as { media: { payload: string } };
    return JSON.stringify({ type: 'input_audio_buffer.append', audio: parsed.media.payload }).length;
  };
  return compare(splice, parse, messagesPerRound);
}

/** Model → caller: one delta into one media message. */
function benchModelDelta(audioBytes: number, times: number): Promise<Beside> {
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
  callerFrame: Beside;
  callerKept: Beside;
  callerPause: Beside;
  modelFrame: Beside;
  modelDelta: Beside;
}

async function benchAll(): Promise<Ratios> {
  return {
    callerFrame: await benchCallerFrame(audio(frameBytes), null),
    callerKept: await benchCallerFrame(audio(frameBytes), '20ms'),
    callerPause: await benchCallerFrame(silence, 'adaptive'),
    modelFrame: await benchModelDelta(frameBytes, messagesPerRound),
    modelDelta: await benchModelDelta(deltaBytes, messagesPerRound / 10),
  };
}

async function run(say: (line: string) => void): Promise<Outcome> {
  const measured = await measureRuns({
    runs,
    pids: [process.pid],
    work: benchAll,
    tell: ({ callerFrame, callerKept, callerPause, modelFrame, modelDelta }) =>
      [callerFrame, callerKept, callerPause, modelFrame, modelDelta]
        .map(({ ratio }) => `${(1 / ratio).toFixed(1)} ×`)
        .join(', '),
    say,
  });
  const { of } = measured;
  const ratio = (side: keyof Ratios, name: string, isJudged: boolean): Figure => {
    const ns = (name: 'oursNs' | 'referenceNs'): string => `${Math.round(of((ratios) => ratios[side][name]))} ns`;
    const beside = `${ns('oursNs')} beside ${ns('referenceNs')}`;
    const value = of((ratios) => 1 / ratios[side].ratio);
    const target = isJudged ? { target: { is: '≥', value: ratioTarget } as const } : {};
    // Both of a round meet the same machine: their ratio holds on a noisy one too.
    return figure({ name, value, unit: '×', beside, ...target }, true);
  };
  return measured.outcome([
    ratio('callerFrame', 'caller to model, a frame of 20 ms', true),
    ratio('callerKept', 'the same, and the last 400 ms kept', false),
    ratio('callerPause', 'the same in a pause, five frames at once', false),
    ratio('modelDelta', 'model to caller, a delta of 600 ms', false),
    ratio('modelFrame', 'model to caller, a delta of 20 ms', false),
  ]);
}

export const frame: Measure = {
  name: 'frame',
  title: 'how much faster a frame is spliced than parsed and written anew',
  run,
};
