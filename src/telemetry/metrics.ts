import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { hotCounter } from './hot-counter.ts';
import { HotHistogram } from './hot-histogram.ts';
import { scrape } from './scrape.ts';

/** Seconds, for answers that should take milliseconds. */
const ANSWER_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
/** Seconds, for what splicing adds to a frame. */
const SPLICE_SECONDS = [0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05];
/** Seconds in the waiting room. */
const WAITING_SECONDS = [5, 15, 30, 60, 120, 300, 600, 1_200, 1_800];
/** Seconds that a caller waits for the first word of a call. */
const FIRST_WORD_SECONDS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8];
/** Seconds of silence that a caller should not have heard. */
const DEAD_AIR_SECONDS = [2, 2.5, 3, 4, 5, 8, 12, 20];
/** Seconds that a caller waits for an answer. */
const SILENCE_SECONDS = [0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 5, 8];

/**
 * One frame as it came; several in a pause, as many as go together; fewer, because the caller may speak; silence in
 * place of frames that are missing; what was kept for a session.
 */
const APPEND_KINDS = ['frame', 'batch', 'flush', 'silence', 'kept'] as const;

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Every metric by name, help, unit and buckets. No call ids in labels. Each process (in tests: each node) has a
 * registry of its own.
 */
export function createMetrics() {
  const registry = new Registry();
  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter<L>({ name, help, labelNames, registers: [registry] });
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers: [registry] });
  const hot = (name: string, help: string, buckets: readonly number[]) =>
    new HotHistogram({ name, help, buckets, registry });
  const scrapeListeners: (() => void)[] = [];
  return {
    registry,
    /** Called before each scrape, for figures that nobody counts while they change. */
    onScrape: (listener: () => void): void => void scrapeListeners.push(listener),
    scrape: (): Promise<string> => {
      for (const listener of scrapeListeners) listener();
      return scrape(registry);
    },
    callsLive: gauge('aida_calls_live', 'Calls resident on this node, by state of their machine', ['state']),
    draining: gauge('aida_draining', '1 while this node is to end and takes no new calls'),
    callsStranded: gauge(
      'aida_calls_stranded',
      'Calls with a stream here that no other node has room for: they would be lost were this node to end now',
    ),
    handovers: counter(
      'aida_handovers_total',
      'Calls that this node handed over: left for the next node, failed to leave word, cut at the bound',
      ['result'],
    ),
    callsEnded: counter('aida_calls_ended_total', 'Calls that ended, by outcome', ['outcome']),
    webhooks: counter('aida_webhooks_total', 'Webhooks answered, by route and HTTP status', ['route', 'status']),
    webhookSeconds: hot(
      'aida_webhook_seconds',
      'Time from a whole webhook request to the document that its call waits for',
      ANSWER_SECONDS,
    ),
    callbackSeconds: hot(
      'aida_callback_seconds',
      'Time from a whole callback to its answer, which nobody waits for',
      ANSWER_SECONDS,
    ),
    waitingCallers: gauge(
      'aida_waiting_callers',
      'Callers in the waiting room of the fleet, as this node was told last',
    ),
    waitsEnded: counter('aida_waits_ended_total', 'Callers who left the waiting room, by how', ['how']),
    waitingSeconds: hot('aida_waiting_seconds', 'Time that a caller spent in the waiting room', WAITING_SECONDS),
    positionsAnnounced: counter('aida_positions_announced_total', 'Times that a caller was told the place in line'),
    callbackAttempts: counter('aida_callback_attempts_total', 'Attempts to call somebody back, by result', ['result']),
    carrierComplaints: counter('aida_carrier_complaints_total', "Messages of the carrier's debugger, by level", [
      'level',
    ]),
    apologies: counter(
      'aida_apologies_total',
      'Webhooks answered with a sentence because the call could not be taken, by reason',
      ['reason'],
    ),
    nodeCapacity: gauge('aida_node_capacity_calls', 'Calls that this node takes at most, by what bounds it', [
      'reason',
    ]),
    fleetNodes: gauge('aida_fleet_nodes', 'Nodes that live'),
    fleetCapacity: gauge('aida_fleet_capacity_calls', 'Calls that the nodes that live take at most'),
    fleetLoad: gauge('aida_fleet_load_calls', 'Calls and reservations on the nodes that live'),
    fleetKept: gauge(
      'aida_fleet_kept_calls',
      'Places kept for the loss of the largest node, or for the calls of nodes just lost',
    ),
    headroom: gauge('aida_headroom_calls', 'New calls that each limit would let in now, by limit', ['limit']),
    limiting: gauge('aida_limiting', '1 for the limit that lets in the fewest new calls, by limit', ['limit']),
    reconciled: counter(
      'aida_reconciled_calls_total',
      'Calls held that the carrier did not list twice in a row, by what it said when asked',
      ['result'],
    ),
    admissions: counter('aida_admissions_total', 'Calls that asked for a place, by what they were told', ['result']),
    spentDollars: gauge('aida_spent_dollars', 'Spent on the model by all nodes, in this hour and this day (UTC)', [
      'period',
    ]),
    spendShare: gauge('aida_spend_share', 'Spent of what may be spent, the larger share of hour and day'),
    modelDollars: counter('aida_model_dollars_total', 'Spent on the model by this node'),
    modelTokens: counter('aida_model_tokens_total', 'Tokens used by this node, by kind', ['kind']),
    modelAllowance: gauge(
      'aida_model_allowance',
      "What the model's account allows per minute and what was left when it last said so, by name",
      ['name', 'what'],
    ),
    modelUse: gauge('aida_model_use_per_call_minute', 'What one call of this node uses of the account, by name', [
      'name',
    ]),
    switchesSet: gauge('aida_switches_set', 'Switches of the fleet that are set, by name', ['name']),
    transfers: counter(
      'aida_transfers_total',
      'Transfers to staff: how those who were rung took them, and callers for whom nobody was free or there',
      ['result'],
    ),
    staffWaiting: gauge('aida_staff_waiting_calls', 'Calls that wait for somebody on the staff'),
    staffBusy: gauge('aida_staff_busy', 'Members of the staff who are kept for a call, are rung or talk'),
    refusals: counter('aida_refusals_total', 'Requests, upgrades and streams refused, by reason', ['reason']),
    faults: counter('aida_faults_total', 'Exceptions caught at a boundary, by place', ['place']),
    badFrames: counter('aida_bad_frames_total', 'Media messages ignored or repaired, by reason', ['reason']),
    droppedFrames: counter('aida_dropped_frames_total', 'Frames given up because a socket was full, by direction', [
      'direction',
    ]),
    streams: counter('aida_streams_total', 'Streams of the carrier that were let in'),
    frames: hotCounter({
      name: 'aida_frames_total',
      help: 'Frames of 20 ms: taken from callers, and handed to the carrier',
      label: 'direction',
      values: ['from_caller', 'to_caller'],
      registry,
    }),
    marks: hotCounter({
      name: 'aida_marks_total',
      help: 'Marks: handed to the carrier, and given back by it',
      label: 'direction',
      values: ['sent', 'echoed'],
      registry,
    }),
    appends: hotCounter({
      name: 'aida_appends_total',
      help: 'Messages with audio of callers to the model, by what brought them',
      label: 'kind',
      values: [...APPEND_KINDS],
      registry,
    }),
    appendedSeconds: hotCounter({
      name: 'aida_appended_audio_seconds_total',
      help: 'Audio in the messages to the model, by what brought them',
      label: 'kind',
      values: [...APPEND_KINDS],
      registry,
    }),
    onsets: hotCounter({
      name: 'aida_onsets_total',
      help: "Beginnings of a caller's sound: noticed here before the model said so, only then, or never called speech",
      label: 'heard_by',
      values: ['gate', 'model', 'none'],
      registry,
    }),
    spliceSeconds: hot(
      'aida_splice_seconds',
      'Time that this process works on the message that brings audio, where that goes on at once, either way',
      SPLICE_SECONDS,
    ),
    silenceSeconds: hot(
      'aida_silence_seconds',
      "Silence between a caller's last word and the first audio of the answer",
      SILENCE_SECONDS,
    ),
    modelSessions: gauge('aida_model_sessions', 'Model sessions that are open here: with a call, or ready for one', [
      'state',
    ]),
    modelSessionsOpened: counter('aida_model_sessions_opened_total', 'Model sessions opened, by endpoint', [
      'endpoint',
    ]),
    modelSessionsLost: counter(
      'aida_model_sessions_lost_total',
      'Model sessions that ended by themselves, by endpoint and code',
      ['endpoint', 'code'],
    ),
    modelEndpointResting: gauge(
      'aida_model_endpoint_resting',
      '1 while no session is opened at a model endpoint, because none came to anything there',
      ['endpoint'],
    ),
    warmSessions: counter(
      'aida_warm_sessions_total',
      'Model sessions made ready before the stream of their call, by what became of them',
      ['result'],
    ),
    firstWordSeconds: hot(
      'aida_first_word_seconds',
      "From a stream's start to the first audio handed over",
      FIRST_WORD_SECONDS,
    ),
    bargeInSeconds: hot(
      'aida_barge_in_seconds',
      "From the first sound of a caller who interrupts to the carrier's word that it stopped playing",
      ANSWER_SECONDS,
    ),
    deadAirSeconds: hot(
      'aida_dead_air_seconds',
      'Silences of two seconds and more in which a caller waited, tools that run included',
      DEAD_AIR_SECONDS,
    ),
    falseBargeIns: counter('aida_false_barge_ins_total', 'Answers that a noise interrupted and that were resumed'),
    rotations: counter('aida_model_rotations_total', 'Model sessions to be replaced in a pause, by result', ['result']),
    modelEventsIgnored: counter('aida_model_events_ignored_total', 'Model events that changed nothing, by reason', [
      'reason',
    ]),
    toolRuns: counter('aida_tool_runs_total', 'Tools run, by name and result', ['tool', 'result']),
    inboxMessages: counter('aida_inbox_messages_total', 'Messages between nodes, by kind and what became of them', [
      'kind',
      'result',
    ]),
    nodesJudged: counter('aida_nodes_judged_total', 'Silent nodes that this one judged, by verdict', ['verdict']),
    takeovers: counter(
      'aida_takeovers_total',
      'Conversations whose stream broke: a = the carrier asked by itself, b = it was told to; by result',
      ['path', 'result'],
    ),
    callsUnfolded: counter('aida_calls_unfolded_total', 'Answers to calls whose journal was not folded, by reason', [
      'reason',
    ]),
    journalWaiting: gauge('aida_journal_waiting_facts', 'Facts not yet acknowledged by the journal'),
    jobs: gauge(
      'aida_jobs',
      'Jobs by lane and state: waiting (later among them), later, running, failing (failed at least once), dead',
      ['lane', 'state'],
    ),
    jobsOldest: gauge('aida_jobs_oldest_seconds', 'For how long the oldest job that is not done should have run', [
      'lane',
    ]),
    jobRuns: counter('aida_job_runs_total', 'Jobs that were begun, by kind and what came of it', ['kind', 'result']),
    recordingsLost: counter(
      'aida_recordings_lost_total',
      'Recordings that were left or made and could not be fetched: voicemail or call',
      ['of'],
    ),
    noticesSent: counter('aida_notices_sent_total', 'Messages that the store was told of, by mail or hook', ['by']),
    preparedLines: gauge('aida_prepared_lines', 'Sentences that should be ready as sound, by whether they are', [
      'state',
    ]),
    journalLag: gauge('aida_journal_lag_facts', 'Facts in the outbox that a consumer group has not read', ['group']),
  };
}

/** Event loop, memory and garbage collection of this process. */
export function watchProcess(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry, prefix: 'aida_' });
}
