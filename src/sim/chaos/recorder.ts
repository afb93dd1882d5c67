import type { DataSource } from 'typeorm';
import { CallLogEntity } from '../../../entities/call-log.ts';
import { CallbackRequestEntity } from '../../../entities/callback-request.ts';
import { ToolExecutionEntity } from '../../../entities/tool-execution.ts';
import { TurnEntity } from '../../../entities/turn.ts';
import { VoicemailEntity } from '../../../entities/voicemail.ts';
import { limits } from '../../../machines/call-events.ts';
import { CallActor } from '../../calls/actor.ts';
import { ownerOf } from '../../directory/claims.ts';
import { readJournal } from '../../directory/journal.ts';
import { directoryLimits } from '../../directory/limits.ts';
import { repeated } from '../../directory/repeat.ts';
import { openDatabase } from '../../services/database.ts';
import { eventually } from '../eventually.ts';
import type { NodeProcess } from '../node-process.ts';
import type { Stack } from '../stack.ts';
import { Stalls } from '../stalls.ts';
import type { MediaStream, SimCall } from '../twilio/index.ts';
import type { FaultKind } from './fault-kinds.ts';
import type {
  CallRow,
  History,
  RecordedCall,
  RecordedEffect,
  RecordedFault,
  RecordedStream,
  TurnRow,
} from './history.ts';
import { OutboxTap } from './outbox-tap.ts';
import type { Experience } from './patron.ts';
import { PlacementSampler } from './placement-sampler.ts';
import { type Handles, handlesOf, isNothing, remainderOf } from './remainder.ts';

/**
 * Rows and slots follow the last call within it: a call whose end the carrier told while Redis took nothing in is asked
 * after when its longest deadline has passed.
 */
const SETTLE_MS = limits.recordMs + 30_000;

/** Writes down what happens in a stack, from the outside. */
export class Recorder {
  private readonly stack: Stack;
  private readonly tap: OutboxTap;
  private readonly sampler: PlacementSampler;
  private readonly stalls = new Stalls();
  private readonly faults: RecordedFault[] = [];
  private readonly idle = new Map<NodeProcess, Handles>();

  private constructor(stack: Stack) {
    this.stack = stack;
    this.tap = new OutboxTap(stack.link);
    this.sampler = new PlacementSampler(stack.link);
  }

  /** Before the first call. */
  static async start(stack: Stack): Promise<Recorder> {
    const recorder = new Recorder(stack);
    await recorder.tap.start();
    recorder.sampler.start();
    for (const node of stack.nodes) await recorder.watch(node);
    return recorder;
  }

  /** A node that was started again. */
  async watch(node: NodeProcess): Promise<void> {
    this.idle.set(node, await handlesOf(node));
  }

  /** A fault begins; what is returned ends it. `node` counts from 0. */
  fault(kind: FaultKind, node: number | null = null): () => void {
    const fault: RecordedFault = {
      kind,
      host: node === null ? null : hostOf(node),
      fromMs: performance.now(),
      toMs: Infinity,
    };
    this.faults.push(fault);
    return () => (fault.toMs = performance.now());
  }

  /** After the last call: waits until everything has settled, or does not, and gathers what there is. */
  async finish(seed: number, experiences: readonly Experience[]): Promise<History> {
    const { stack } = this;
    for (const node of this.idle.keys())
      if (!stack.nodes.includes(node) || !(await lives(node))) this.idle.delete(node);
    const remainder = await eventually(() => remainderOf(stack, this.idle), isNothing, SETTLE_MS);
    const rows = await openDatabase(stack.database.url, { poolMax: 1, onError: () => undefined });
    try {
      const calls = await eventually(
        () => this.callRows(rows),
        (known) => this.isComplete(known),
        SETTLE_MS,
      );
      await eventually(
        () => this.messagesMissing(rows),
        (missing) => missing === 0,
        SETTLE_MS,
      );
      await Promise.all([this.tap.stop(), this.sampler.stop()]);
      const lost = new Map(experiences.map(({ call, lost: why }) => [call.sid, why]));
      return {
        seed,
        calls: await Promise.all(stack.twilio.calls.map((call) => this.recorded(call, lost.get(call.sid) ?? null))),
        placements: this.sampler.samples,
        faults: this.faults,
        turns: await turnRows(rows),
        effects: [...(await effectsIn(rows)), ...movesIn(stack.twilio.requests)],
        rows: calls,
        remainder,
        stalls: this.stalls.all(),
      };
    } finally {
      this.stalls.stop();
      await rows.destroy();
    }
  }

  private async callRows(rows: DataSource): Promise<CallRow[]> {
    const found = await rows.getRepository(CallLogEntity).find();
    return found.map(({ callSid, status, endedAt, processedAt, transcript }) => ({
      callSid,
      status,
      transcript,
      isEnded: endedAt !== null && processedAt !== null,
    }));
  }

  private isComplete(known: readonly CallRow[]): boolean {
    const ended = new Set(known.flatMap(({ callSid, isEnded }) => (isEnded ? [callSid] : [])));
    // A call that ended before anybody answered for it has no row.
    const journaled = this.stack.twilio.calls.filter(({ sid }) => this.tap.of(sid).length > 0);
    return journaled.every(({ sid }) => ended.has(sid));
  }

  /** Messages that the carrier told of and the database has not: they are fetched again and again, a while apart. */
  private async messagesMissing(rows: DataSource): Promise<number> {
    const kept = new Set((await rows.getRepository(VoicemailEntity).find()).map(({ recordingSid }) => recordingSid));
    const told = this.stack.twilio.calls.flatMap(({ webhooks }) => webhooks.filter(isMessage));
    return told.filter(({ params }) => !kept.has(params['RecordingSid'] ?? '')).length;
  }

  private async recorded(call: SimCall, lost: string | null): Promise<RecordedCall> {
    const { link } = this.stack;
    const journal = await repeated(() => readJournal(link, call.sid));
    const owner = await repeated(() => ownerOf(link, call.sid));
    const { originMs } = call.leg;
    const at = (ms: number) => originMs + ms;
    return {
      callSid: call.sid,
      from: call.leg.options.from,
      placedMs: originMs,
      answeredMs: absolute(call.leg.answeredMs, at),
      endedMs: absolute(call.leg.endedMs, at),
      status: call.status,
      endedBy: call.endedBy,
      lost,
      said: call.said.flatMap(({ text, startMs, endMs }) =>
        startMs === null ? [] : [{ text, fromMs: at(startMs), toMs: at(endMs ?? startMs), whole: endMs !== null }],
      ),
      heard: call
        .heard()
        .map(({ text, startMs, endMs, whole }) => ({ text, whole, fromMs: at(startMs), toMs: at(endMs) })),
      sounds: call.leg.ear.voiced.map(({ startMs, endMs }) => ({ fromMs: at(startMs), toMs: at(endMs) })),
      streams: call.streams.map((stream) => recordedStream(stream, at)),
      webhooks: call.webhooks.map(({ atMs, url, status, tries }) => ({
        atMs,
        url,
        status,
        tries: tries.length,
        unansweredMs: tries.reduce((sum, one) => sum + (one.failure === null ? 0 : one.ms), 0),
      })),
      journal,
      arrivals: this.tap.of(call.sid),
      endedAs: owner?.ended ?? null,
      state: stateOf(call.sid, journal),
      toldState: owner?.state ?? null,
    };
  }
}

const lives = (node: NodeProcess): Promise<boolean> =>
  Promise.race([node.exited.then(() => false), new Promise<boolean>((resolve) => setImmediate(resolve, true))]);

const isMessage = ({ url, params, status }: SimCall['webhooks'][number]): boolean =>
  url.includes('/voice/recording') && params['RecordingStatus'] === 'completed' && status !== null && status < 300;

/** The host of a node's media address. */
export const hostOf = (node: number): string => `node-${node + 1}`;

const absolute = (ms: number | null, at: (ms: number) => number): number | null => (ms === null ? null : at(ms));

function recordedStream(stream: MediaStream, at: (ms: number) => number): RecordedStream {
  const { firstMediaMs, lastMediaMs } = stream;
  return {
    host: /^wss:\/\/([^./]+)/.exec(stream.options.url)?.[1] ?? '',
    openedMs: absolute(stream.startedMs, at),
    endedMs: absolute(stream.endedMs, at),
    endedBy: stream.end?.by ?? null,
    audio: firstMediaMs === null || lastMediaMs === null ? null : { fromMs: at(firstMediaMs), toMs: at(lastMediaMs) },
    clearsMs: stream.clears.map(({ atMs }) => at(atMs)),
  };
}

function stateOf(callSid: string, journal: RecordedCall['journal']): string {
  try {
    const actor = CallActor.fold(
      callSid,
      journal.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : [])),
    );
    const { state } = actor;
    actor.stop();
    return state;
  } catch (error) {
    return `nothing: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Calls that the carrier was asked to move, and did. Who did not come in time is asked again. */
function movesIn(requests: Stack['twilio']['requests']): RecordedEffect[] {
  const lastMs = new Map<string, number>();
  return requests.flatMap(({ path, form, status, atMs }): RecordedEffect[] => {
    const callSid = /^\/Calls\/(CA[0-9a-f]+)/.exec(path)?.[1];
    const epoch = /[?&]move=(\d+)/.exec(form['Url'] ?? '')?.[1];
    if (callSid === undefined || epoch === undefined || status !== 200) return [];
    const key = `move ${callSid} ${epoch}`;
    const isAgain = atMs - (lastMs.get(key) ?? atMs) >= directoryLimits.redirectLifeMs;
    lastMs.set(key, atMs);
    return [
      { callSid, key: isAgain ? `move ${epoch} after ${Math.round(atMs)} ms` : `move ${epoch}`, epoch: Number(epoch) },
    ];
  });
}

async function turnRows(rows: DataSource): Promise<TurnRow[]> {
  const turns = await rows.getRepository(TurnEntity).find();
  return turns.map(({ callSid, itemId, text }) => ({ callSid, itemId, text }));
}

async function effectsIn(rows: DataSource): Promise<RecordedEffect[]> {
  const tools = await rows.getRepository(ToolExecutionEntity).find();
  const messages = await rows.getRepository(VoicemailEntity).find();
  const callbacks = await rows.getRepository(CallbackRequestEntity).find();
  return [
    ...tools.map(({ callSid, toolCallId, epoch }) => ({ callSid, key: `tool ${toolCallId}`, epoch })),
    ...messages.map(({ callSid, recordingSid }) => ({ callSid, key: `voicemail ${recordingSid}`, epoch: null })),
    ...callbacks.map(({ callSid }) => ({ callSid, key: 'callback', epoch: null })),
  ];
}
