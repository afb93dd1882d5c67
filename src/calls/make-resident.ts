import { machineVersion } from '../../machines/call-context.ts';
import type { Intent } from '../../machines/call-events.ts';
import { append, restore } from '../directory/journal.ts';
import type { NodeName } from '../directory/keys.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { CallActor } from './actor.ts';
import type { CallView } from './call-door.ts';
import { CallTrace } from './call-trace.ts';
import type { CarrierPort } from './carrier.ts';
import { AnswerScore } from './answer-score.ts';
import { foldCall } from './door.ts';
import type { ToolRunner } from './effects.ts';
import type { JournalPort } from './journal-writer.ts';
import type { Gather } from './gather.ts';
import type { Lane } from './lane.ts';
import { createFactRedactor } from './redact-fact.ts';
import { type Hold, Resident, type ResidentHost, type ResidentStream } from './resident.ts';

export interface ResidentDeps {
  link: RedisLink;
  node: NodeName;
  /** Redis-clock ms. */
  now(): number;
  redactor: Redactor;
  tools: ToolRunner;
  carrier: CarrierPort;
  /** TwiML that carries out an intent without the journal; null for one that only `/voice/next` can. */
  twimlFor(intent: Intent, call: CallView): string | null;
  /** A call here goes on in another language. Must not throw. */
  languageChosen(callSid: string, language: string): void;
  log: Log;
  metrics: Metrics;
  tracing: Tracing;
  /** Tests: drop and rebuild each actor from its journal after every fact. */
  amnesia: boolean;
}

/** All calls' way to the journal. */
export interface JournalWay {
  lane: Lane;
  gather: Gather;
}

/** Makes a call of this process out of what the parts of the node offer. */
export function makeResident(
  deps: ResidentDeps,
  { lane, gather }: JournalWay,
  hold: Hold,
  actor: CallActor,
  stream: ResidentStream | null,
  own: Pick<ResidentHost, 'setDeadline' | 'dropped' | 'wentSilent' | 'cameLate'>,
): Resident {
  const { link, log, metrics, tools, tracing } = deps;
  // The model makes names up now and then: they must not become labels.
  const toolName = (name: string) => (tools.definitions.some((known) => known.name === name) ? name : 'unknown');
  const root = tracing.root(hold.callSid);
  const resident: Resident = new Resident(
    hold,
    actor,
    stream,
    journalOf(deps, lane, () => resident.view),
    {
      now: deps.now,
      soon: (task) => gather.soon(task),
      redact: createFactRedactor(deps.redactor),
      trace: root && new CallTrace(tracing, root, toolName),
      score: new AnswerScore(
        metrics,
        hold.earlier.map(({ fact }) => fact),
        root?.traceId ?? null,
      ),
      tools,
      carrier: deps.carrier,
      twimlFor: deps.twimlFor,
      languageChosen: (callSid, language) => deps.languageChosen(callSid, language),
      ...own,
      toolRan: (name, { result, durationMs }) => {
        const tool = toolName(name);
        metrics.toolRuns.inc({ tool, result });
        metrics.toolSeconds.of({ tool }).observe(durationMs / 1_000, root?.traceId ?? null);
      },
      left: (intent, isTold) => {
        if (intent.kind === 'handover') metrics.handovers.inc({ result: isTold ? 'left' : 'failed' });
      },
      stepFailed: (callSid, error) => {
        metrics.faults.inc({ place: 'actor' });
        log.error({ err: error, callSid }, 'call could not take a fact');
      },
      recordingNotSet: (callSid, to) => log.error({ callSid, to }, 'the recording of a call could not be set'),
      journalTroubled: (callSid, error) => {
        metrics.journalTroubles.inc();
        log.error({ err: error, callSid }, 'journal cannot be written');
      },
      rebuild: deps.amnesia ? (callSid) => foldCall(link, callSid) : null,
    },
  );
  return resident;
}

function journalOf({ link, node, now, metrics }: ResidentDeps, lane: Lane, view: () => CallView): JournalPort {
  return {
    async append(request) {
      const askedAt = performance.now();
      const appended = await lane.run(() => append(link, request));
      metrics.journalAppendSeconds.observe((performance.now() - askedAt) / 1_000);
      return appended;
    },
    restore: ({ epoch, state, dueAt, owned, firstSeq, earlier }) => {
      const { callSid, from, to } = view();
      const owner = owned ? node : null;
      const dueInMs = Math.max(0, dueAt - now());
      return lane.run(() =>
        restore(link, { callSid, epoch, firstSeq, owner, state, from, to, dueInMs, earlier, machineVersion }),
      );
    },
  };
}
