/* oxlint-disable max-lines -- a table, and whoever looks for a metric finds it in one place */
import { counter, gauge, histogram, hot, info, type MetricSpec, oneOf, sparse, traced } from './metric-spec.ts';

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
/** Seconds of missing audio. */
const GAP_SECONDS = [0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** Seconds of audio that the carrier has and has not played yet. */
const LEAD_SECONDS = [0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6];
/** Seconds of what others do for us: Redis, Postgres, Kafka, the carrier, the model's connections. */
const BACKEND_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds that a tool may take. */
const TOOL_SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];
/** Seconds that this process does nothing for anybody. */
const STALL_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
/** Seconds until something is stored. */
const STORED_SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];

const callStates = oneOf(
  'ringing | waiting | conversation | detached | dialing | recording | reviewing | menu | hangingUp | ended',
);
const outcomes = oneOf('answered | transferred | voicemail | menu | callback | abandoned | missed');
const limits = oneOf('nodes | carrier | sessions | tokens | requests | spend');
const tools = oneOf(
  'get_menu | get_product_details | get_store_hours | get_subscription_info | search_knowledge_base | transfer_to_staff | leave_voicemail | end_call | speak_language | request_callback | unknown',
);
const routes = oneOf(
  '/voice | /voice/next | /voice/wait | /voice/menu | /voice/dial-result | /voice/whisper | /voice/voicemail | /voice/fallback | /voice/status | /voice/stream-status | /voice/recording | /voice/debugger',
);
const refusals = oneOf(
  'signature | form | content type | call sid | host | callback | token malformed | token forged | token expired | token_used | media_format | no_start | bad_messages | blocked | tooMany | closed | afterHours | rung | full | queued | nowhere | unavailable | draining | late | threw',
);
const admissions = oneOf(
  'placed | alone | rung menu | rung voicemail | rung staff | blocked | tooMany | closed | afterHours | full nodes | full carrier | full sessions | full tokens | full requests | queued | nowhere | unavailable | draining',
);
const troubles = oneOf(
  'unknown | unavailable | ended | draining | late | threw | full | queued | nowhere | tooMany | closed | afterHours',
);
const places = oneOf(
  'webhook | facts | door | actor | media | handler | response | socket upgrade | socket open | socket message | socket drain | socket dropped | socket pong | socket close | outbox call-log | outbox analytics | outbox voicemail | outbox callbacks | outbox relay',
);
/** Of the model's `error` events, and of ends of its sessions. */
const modelCodes = oneOf(
  'missing_required_parameter | unknown_parameter | invalid_value | invalid_event | conversation_already_has_active_response | response_cancel_not_active | item_truncate_invalid_item_id | item_not_found | input_audio_buffer_commit_empty | cannot_update_voice | session_expired | rate_limit_exceeded | server_error | insufficient_quota | credit_balance_exhausted | invalid_api_key | model_not_found | beta_api_shape_disabled | unreachable | configure_timeout | half_open | unread | response_stalled | format_refused | profile_failed | no_endpoint | dead_air | closed_1000 | closed_1001 | closed_1005 | closed_1006 | closed_1008 | closed_1011 | closed_1012 | closed_1013 | http_400 | http_401 | http_403 | http_404 | http_429 | http_500 | http_502 | http_503 | http_504',
);
const endpoints = oneOf('first | fallback | none');
const tokenKinds = oneOf('textIn | textInCached | audioIn | audioInCached | textOut | audioOut');
/**
 * One frame as it came; several in a pause, as many as go together; fewer, because the caller may speak; silence in
 * place of frames that are missing; what was kept for a session.
 */
const appendKinds = oneOf('frame | batch | flush | silence | kept');
/** The parts that take facts in, from the outbox or from Kafka; `relay` brings them to Kafka. */
const groups = oneOf('call-log | analytics | voicemail | callbacks | relay');
const topics = oneOf('calls.events | calls.transcripts | calls.dead');
const jobs = oneOf(
  'message.fetch | call.fetch | message.transcribe | recording.delete | notice.mail | notice.hook | lines.render | retention | unknown',
);
/** From the socket of the carrier's and to it. */
const directions = oneOf('from_caller | to_caller');

const callMetrics = {
  callsLive: gauge('aida_calls_live', 'calls', 'Calls resident on this node, by state of their machine', {
    state: callStates,
  }),
  callsEnded: counter('aida_calls_ended_total', 'calls', 'Calls that ended, by outcome', { outcome: outcomes }),
  callsCut: counter(
    'aida_calls_cut_total',
    'calls',
    'Calls that ended while they talked, by no wish of the caller or of Aida: what was lost last, and nobody took up',
    { cause: oneOf('stream | node') },
  ),
  callsAnswered: counter(
    'aida_calls_answered_total',
    'calls',
    'New calls by when they heard something: within two seconds of the webhook, later, never; or they hung up before those two seconds were over',
    { result: oneOf('in_time | late | never | hung_up') },
  ),
  answerSeconds: traced(
    histogram(
      'aida_answer_seconds',
      'seconds',
      "From a new call's webhook to the first sound that its caller heard",
      FIRST_WORD_SECONDS,
    ),
  ),
  transfers: counter(
    'aida_transfers_total',
    'transfers',
    'Transfers to staff: how those who were rung took them, and callers for whom nobody was free or there',
    {
      result: oneOf('completed | busy | no-answer | failed | canceled | declined | offered | closed | all busy'),
    },
  ),
  staffWaiting: gauge('aida_staff_waiting_calls', 'calls', 'Calls that wait for somebody on the staff'),
  staffBusy: gauge('aida_staff_busy', 'people', 'Members of the staff who are kept for a call, are rung or talk'),
  supervisions: sparse(
    counter(
      'aida_supervisions_total',
      'deeds',
      'What supervisors wanted of calls, and whether it was done or why not',
      {
        deed: oneOf('whisper | takeOver | giveBack | transfer | hangUp'),
        result: oneOf(
          'done | unknown | ended | moving | withAssistant | withoutAssistant | withStaff | allBusy | staffAway | carrier | unavailable | late',
        ),
      },
    ),
  ),
  listeners: gauge('aida_listeners', 'people', 'Supervisors who listen to calls of this process'),
  listenersRefused: counter('aida_listeners_refused_total', 'listeners', 'Who was not let listen to a call, and why', {
    reason: oneOf('forged | expired | used | absent | full'),
  }),
  listenerFrames: counter(
    'aida_listener_frames_total',
    'frames',
    'Frames copied to supervisors who listen, and those left out because a browser read too slowly',
    { result: oneOf('sent | dropped') },
  ),
  callsSynthetic: counter(
    'aida_calls_synthetic_total',
    'calls',
    'Calls of the synthetic caller: among all calls here, and in no row, figure or spend of the store',
  ),
};

const webhookMetrics = {
  webhooks: sparse(
    counter('aida_webhooks_total', 'requests', 'Webhooks answered, by route and HTTP status', {
      route: routes,
      status: oneOf('200 | 204 | 400 | 403 | 404 | 413 | 415 | 500 | 503'),
    }),
  ),
  webhookSeconds: traced(
    histogram(
      'aida_webhook_seconds',
      'seconds',
      'Time from a whole webhook request to the document that its call waits for',
      ANSWER_SECONDS,
    ),
  ),
  callbackSeconds: histogram(
    'aida_callback_seconds',
    'seconds',
    'Time from a whole callback to its answer, which nobody waits for',
    ANSWER_SECONDS,
  ),
  apologies: counter(
    'aida_apologies_total',
    'requests',
    'Webhooks answered with a sentence because the call could not be taken, by reason',
    { reason: troubles },
  ),
  refusals: counter('aida_refusals_total', 'refusals', 'Requests, upgrades, streams and places refused, by reason', {
    reason: refusals,
  }),
  faults: counter('aida_faults_total', 'exceptions', 'Exceptions caught at a boundary, by place', { place: places }),
  carrierComplaints: counter(
    'aida_carrier_complaints_total',
    'messages',
    "Messages of the carrier's debugger, by level and by what their error code is about",
    {
      level: oneOf('error | warn'),
      class: oneOf('fetching | document | dialing | stream | recording | account | rest | other'),
    },
  ),
  carrierRequests: counter(
    'aida_carrier_requests_total',
    'requests',
    "Requests to the carrier's REST interface, by kind and result",
    { kind: oneOf('ask | list | redirect | replace | place | record'), result: oneOf('done | gone | busy | failed') },
  ),
  carrierSeconds: histogram(
    'aida_carrier_request_seconds',
    'seconds',
    "Time of a request to the carrier's REST interface",
    BACKEND_SECONDS,
  ),
};

const placementMetrics = {
  admissions: counter('aida_admissions_total', 'calls', 'Calls that asked for a place, by what they were told', {
    result: admissions,
  }),
  nodeCapacity: gauge('aida_node_capacity_calls', 'calls', 'Calls that this node takes at most, by what bounds it', {
    reason: oneOf('configured | switched | loop | draining'),
  }),
  nodeLoad: gauge('aida_node_load_calls', 'calls', 'What counts against the capacity of this node', {
    kind: oneOf('held | reserved'),
  }),
  fleetNodes: gauge('aida_fleet_nodes', 'nodes', 'Nodes that live'),
  fleetCapacity: gauge('aida_fleet_capacity_calls', 'calls', 'Calls that the nodes that live take at most'),
  fleetLoad: gauge('aida_fleet_load_calls', 'calls', 'Calls and reservations on the nodes that live'),
  fleetKept: gauge(
    'aida_fleet_kept_calls',
    'calls',
    'Places kept for the loss of the largest node, or for the calls of nodes just lost',
  ),
  headroom: gauge('aida_headroom_calls', 'calls', 'New calls that each limit would let in now, by limit', {
    limit: limits,
  }),
  limiting: gauge('aida_limiting', 'bool', '1 for the limit that lets in the fewest new calls, by limit', {
    limit: limits,
  }),
  switchesSet: gauge(
    'aida_switches_set',
    'switches',
    'Switches of the fleet that are set, by name; tools that are switched off count one each',
    {
      name: oneOf('admission | calls-max | rung | tool'),
    },
  ),
  reconciled: counter(
    'aida_reconciled_calls_total',
    'calls',
    'Calls held that the carrier did not list twice in a row, by what it said when asked',
    { result: oneOf('over | live | unanswered') },
  ),
  waitingCallers: gauge(
    'aida_waiting_callers',
    'callers',
    'Callers in the waiting room of the fleet, as this node was told last',
  ),
  waitsEnded: counter('aida_waits_ended_total', 'callers', 'Callers who left the waiting room, by how', {
    how: oneOf('placed | voicemail | menu | callback | person | goodbye | hung_up'),
  }),
  waitingSeconds: histogram(
    'aida_waiting_seconds',
    'seconds',
    'Time that a caller spent in the waiting room',
    WAITING_SECONDS,
  ),
  positionsAnnounced: counter(
    'aida_positions_announced_total',
    'announcements',
    'Times that a caller was told the place in line',
  ),
  callbackAttempts: counter('aida_callback_attempts_total', 'calls', 'Attempts to call somebody back, by result', {
    result: oneOf('placed | answered | unanswered | unknown'),
  }),
};

const audioMetrics = {
  streams: counter('aida_streams_total', 'streams', 'Streams of the carrier that were let in'),
  streamsEnded: counter(
    'aida_streams_ended_total',
    'streams',
    'Streams that ended after they were let in, by whether the caller once waited two seconds and more and heard nothing',
    { dead_air: oneOf('no | yes') },
  ),
  streamStops: counter('aida_stream_stops_total', 'streams', 'Streams that ended after they were let in, by why', {
    reason: oneOf('stopped | closed | silent | refused | superseded | left | failed'),
  }),
  firstWordSeconds: traced(
    histogram(
      'aida_first_word_seconds',
      'seconds',
      "From a stream's start to the first audio handed over",
      FIRST_WORD_SECONDS,
    ),
  ),
  silenceSeconds: traced(
    histogram(
      'aida_silence_seconds',
      'seconds',
      "Silence between a caller's last word and the first audio of the answer, as the caller heard it (by marks given back)",
      SILENCE_SECONDS,
    ),
  ),
  silenceHandedSeconds: traced(
    histogram(
      'aida_silence_handed_seconds',
      'seconds',
      "From a caller's last word to the first frame of the answer handed to the carrier",
      SILENCE_SECONDS,
    ),
  ),
  bargeInSeconds: traced(
    histogram(
      'aida_barge_in_seconds',
      'seconds',
      "From the first sound of a caller who interrupts to the carrier's word that it stopped playing",
      ANSWER_SECONDS,
    ),
  ),
  falseBargeIns: counter(
    'aida_false_barge_ins_total',
    'answers',
    'Answers that a noise interrupted and that were resumed',
  ),
  deadAirSeconds: traced(
    histogram(
      'aida_dead_air_seconds',
      'seconds',
      'Silences of two seconds and more in which a caller waited, tools that run included',
      DEAD_AIR_SECONDS,
    ),
  ),
  gapSeconds: histogram(
    'aida_gap_seconds',
    'seconds',
    "Spans in which no audio of the caller's came, by the times that frames carry",
    GAP_SECONDS,
  ),
  underruns: counter(
    'aida_underruns_total',
    'pauses',
    'Times that the carrier had played all it had been handed in the middle of a sentence',
  ),
  playoutLeadSeconds: histogram(
    'aida_playout_lead_seconds',
    'seconds',
    'Audio that the carrier has been handed and has not played, sampled four times a second while there is any',
    LEAD_SECONDS,
  ),
  spliceSeconds: hot(
    histogram(
      'aida_splice_seconds',
      'seconds',
      'Time that this process works on the message that brings audio, where that goes on at once, by direction',
      SPLICE_SECONDS,
      { direction: directions },
    ),
  ),
  frames: hot(
    counter('aida_frames_total', 'frames', 'Frames of 20 ms: taken from callers, and handed to the carrier', {
      direction: directions,
    }),
  ),
  droppedFrames: counter(
    'aida_dropped_frames_total',
    'frames',
    'Frames given up because a socket was full or nobody was there to hear them, by direction',
    { direction: directions },
  ),
  badFrames: counter('aida_bad_frames_total', 'messages', 'Media messages ignored or repaired, by reason', {
    reason: oneOf(
      'binary | not_json | unknown_event | shape | stream_sid | track | payload | timestamp | repeated | order',
    ),
  }),
  marks: hot(
    counter('aida_marks_total', 'marks', 'Marks: handed to the carrier, and given back by it', {
      direction: oneOf('sent | echoed'),
    }),
  ),
  appends: hot(
    counter('aida_appends_total', 'messages', 'Messages with audio of callers to the model, by what brought them', {
      kind: appendKinds,
    }),
  ),
  appendedSeconds: hot(
    counter(
      'aida_appended_audio_seconds_total',
      'seconds',
      'Audio in the messages to the model, by what brought them: `silence` is padding',
      { kind: appendKinds },
    ),
  ),
  onsets: hot(
    counter(
      'aida_onsets_total',
      'sounds',
      "Beginnings of a caller's sound: noticed here before the model said so, only then, or never called speech",
      { heard_by: oneOf('gate | model | none') },
    ),
  ),
};

const modelMetrics = {
  modelSessions: gauge('aida_model_sessions', 'sessions', 'Model sessions that are open here, by what they are for', {
    state: oneOf('warm | kept | live'),
  }),
  modelSessionsOpened: counter('aida_model_sessions_opened_total', 'sessions', 'Model sessions opened, by endpoint', {
    endpoint: endpoints,
  }),
  modelConnectSeconds: histogram(
    'aida_model_connect_seconds',
    'seconds',
    'From opening a socket to the model to its word that the session is configured',
    BACKEND_SECONDS,
    { endpoint: endpoints },
  ),
  modelSessionsLost: sparse(
    counter(
      'aida_model_sessions_lost_total',
      'sessions',
      'Model sessions that ended by themselves, by endpoint and code',
      { endpoint: endpoints, code: modelCodes },
    ),
  ),
  modelReconnects: counter(
    'aida_model_reconnects_total',
    'sessions',
    'Sessions opened for a conversation that had lost its own, by what came of them',
    { result: oneOf('ready | lost') },
  ),
  rotations: counter('aida_model_rotations_total', 'sessions', 'Model sessions to be replaced in a pause, by result', {
    result: oneOf('done | put_off'),
  }),
  modelErrors: sparse(
    counter('aida_model_errors_total', 'errors', "Errors that the model's server told of in a session, by code", {
      code: modelCodes,
    }),
  ),
  modelEndpointResting: gauge(
    'aida_model_endpoint_resting',
    'bool',
    '1 while no session is opened at a model endpoint, because none came to anything there',
    { endpoint: endpoints },
  ),
  warmSessions: counter(
    'aida_warm_sessions_total',
    'sessions',
    'Model sessions made ready before the stream of their call, by what became of them',
    { result: oneOf('hit | miss | kept | unfit | unused | lost | over | late | full | no_endpoint') },
  ),
  modelResponses: counter('aida_model_responses_total', 'responses', 'Responses of the model, by how they ended', {
    status: oneOf('completed | cancelled | incomplete | failed'),
  }),
  modelAnswerSeconds: traced(
    histogram(
      'aida_model_answer_seconds',
      'seconds',
      "From the model's word that the caller stopped speaking to the first audio of its answer",
      SILENCE_SECONDS,
    ),
  ),
  modelEventsIgnored: counter(
    'aida_model_events_ignored_total',
    'events',
    'Model events that changed nothing, by reason',
    { reason: oneOf('unknown | broken | early') },
  ),
  modelTokens: counter('aida_model_tokens_total', 'tokens', 'Tokens used by this node, by kind', { kind: tokenKinds }),
  modelDollars: counter('aida_model_dollars_total', 'dollars', 'Spent on the model by this node, by kind of token', {
    kind: tokenKinds,
  }),
  spentDollars: gauge(
    'aida_spent_dollars',
    'dollars',
    'Spent on the model by all nodes, in this hour and this day (UTC)',
    { period: oneOf('hour | day') },
  ),
  spendShare: gauge('aida_spend_share', 'ratio', 'Spent of what may be spent, the larger share of hour and day'),
  modelAllowance: gauge(
    'aida_model_allowance',
    'per minute',
    "What the model's account allows per minute and what is left by what it last said, by name",
    { name: oneOf('tokens | requests'), what: oneOf('limit | remaining') },
  ),
  modelUse: gauge(
    'aida_model_use_per_call_minute',
    'per minute',
    'What one call of this node uses of the account, by name',
    { name: oneOf('tokens | requests') },
  ),
};

const toolMetrics = {
  toolRuns: counter('aida_tool_runs_total', 'runs', 'Tools run, by name and result', {
    tool: tools,
    result: oneOf('ok | refused | failed | late'),
  }),
  toolSeconds: traced(
    histogram('aida_tool_seconds', 'seconds', 'Time that a tool took, by name', TOOL_SECONDS, {
      tool: tools,
    }),
  ),
};

const fleetMetrics = {
  nodesJudged: counter('aida_nodes_judged_total', 'nodes', 'Silent nodes that this one judged, by verdict', {
    verdict: oneOf('alive | left | replaced | dead'),
  }),
  takeovers: counter(
    'aida_takeovers_total',
    'calls',
    'Conversations whose stream broke: a = the carrier asked by itself, b = it was told to; by result',
    { path: oneOf('a | b'), result: oneOf('resumed | redirected | over | idle | given up | left alone') },
  ),
  resumeSeconds: traced(
    histogram(
      'aida_resume_seconds',
      'seconds',
      'From the last that is known of a broken stream to the next stream of its conversation',
      FIRST_WORD_SECONDS,
    ),
  ),
  callsUnfolded: counter(
    'aida_calls_unfolded_total',
    'calls',
    'Answers to calls whose journal was not folded, by reason',
    { reason: oneOf('broke too often | corrupt entry | newer machine | too long | fold threw') },
  ),
  draining: gauge('aida_draining', 'bool', '1 while this node is to end and takes no new calls'),
  drainingSeconds: gauge('aida_draining_seconds', 'seconds', 'For how long this node has been about to end'),
  callsStranded: gauge(
    'aida_calls_stranded',
    'calls',
    'Calls with a stream here that no other node has room for: they would be lost were this node to end now',
  ),
  handovers: counter(
    'aida_handovers_total',
    'calls',
    'Calls that this node handed over: left for the next node, failed to leave word, cut at the bound',
    { result: oneOf('left | failed | cut') },
  ),
};

const journalMetrics = {
  journalWaiting: gauge('aida_journal_waiting_facts', 'facts', 'Facts not yet acknowledged by the journal'),
  journalOldestSeconds: gauge(
    'aida_journal_oldest_seconds',
    'seconds',
    'For how long the oldest fact has waited for the journal',
  ),
  journalAppendSeconds: histogram(
    'aida_journal_append_seconds',
    'seconds',
    'Time from an append to its acknowledgement by the journal',
    BACKEND_SECONDS,
  ),
  journalTroubles: counter(
    'aida_journal_troubles_total',
    'calls',
    'Times that the facts of a call could not be written for a while, or never',
  ),
  journalLag: gauge('aida_journal_lag_facts', 'facts', 'Facts in the outbox that a consumer group has not taken in', {
    group: groups,
  }),
  outboxBytes: gauge('aida_outbox_bytes', 'bytes', 'The outbox, all partitions together, as Redis estimates it'),
  outboxFill: gauge('aida_outbox_fill_ratio', 'ratio', 'The fullest partition of the outbox, of what it may hold'),
  outboxOldestSeconds: gauge(
    'aida_outbox_oldest_seconds',
    'seconds',
    'Age of the oldest fact in the outbox that somebody has not taken in',
  ),
  factsTaken: counter('aida_facts_taken_total', 'facts', 'Facts that a consumer group dealt with here, by result', {
    group: groups,
    result: oneOf('taken | later | dead'),
  }),
  inboxMessages: counter(
    'aida_inbox_messages_total',
    'messages',
    'Messages between nodes, by kind and what became of them',
    {
      kind: oneOf('fact | command | superseded | warm | unknown'),
      result: oneOf('sent | absent | full | taken | repeated | ignored | inherited'),
    },
  ),
  inboxSeconds: histogram(
    'aida_inbox_seconds',
    'seconds',
    'Age of a message between nodes when it was read',
    BACKEND_SECONDS,
  ),
  transcripts: counter(
    'aida_transcripts_total',
    'calls',
    'Conversations by when their transcript was stored: within a minute of their end, later; or overdue and not there',
    { result: oneOf('in_time | late | overdue') },
  ),
  transcriptSeconds: histogram(
    'aida_transcript_seconds',
    'seconds',
    "From a conversation's end to its transcript in the database",
    STORED_SECONDS,
  ),
};

const kafkaMetrics = {
  relayFacts: counter('aida_relay_facts_total', 'facts', 'Facts that the relay brought to Kafka, by topic and result', {
    topic: topics,
    result: oneOf('sent | repeated | failed | archived'),
  }),
  relaySendSeconds: histogram(
    'aida_relay_send_seconds',
    'seconds',
    'Time of a batch from the relay to the acknowledgement of all its copies',
    BACKEND_SECONDS,
  ),
  relayArchiveBytes: gauge(
    'aida_relay_archive_bytes',
    'bytes',
    'Facts that were put on disk because the outbox was full, and are not in Kafka yet',
  ),
  kafkaUp: gauge('aida_kafka_up', 'bool', '1 while the last request to Kafka was answered, by client', {
    client: oneOf('producer | consumer | admin'),
  }),
  kafkaErrors: counter('aida_kafka_errors_total', 'errors', 'Requests to Kafka that failed, by client', {
    client: oneOf('producer | consumer | admin'),
  }),
  kafkaLag: gauge('aida_kafka_lag_messages', 'messages', 'Messages in Kafka that a consumer group has not taken in', {
    group: groups,
  }),
  kafkaMessages: counter('aida_kafka_messages_total', 'messages', 'Messages taken from Kafka, by group and result', {
    group: groups,
    result: oneOf('taken | repeated | dead'),
  }),
  kafkaRebalances: counter(
    'aida_kafka_rebalances_total',
    'rebalances',
    'Times that partitions were dealt out anew, by group',
    {
      group: groups,
    },
  ),
};

const backendMetrics = {
  redisUp: gauge('aida_redis_up', 'bool', '1 while Redis can be reached'),
  redisSeconds: histogram(
    'aida_redis_command_seconds',
    'seconds',
    'Time of a command or script of Redis',
    BACKEND_SECONDS,
  ),
  redisErrors: counter('aida_redis_errors_total', 'commands', 'Commands of Redis that came to nothing, by code', {
    code: oneOf('unavailable | unanswered | busy | memory | loading | noGroup | tooLarge | reply | script'),
  }),
  redisReconnects: counter(
    'aida_redis_reconnects_total',
    'connections',
    'Times that Redis was there again, or another primary was',
  ),
  redisInFlight: gauge('aida_redis_commands_in_flight', 'commands', 'Commands that Redis has not answered'),
  postgresUp: gauge('aida_postgres_up', 'bool', '1 while the last query was answered, or refused for what it said'),
  postgresSeconds: histogram(
    'aida_postgres_query_seconds',
    'seconds',
    'Time of a query, without the wait for a connection',
    BACKEND_SECONDS,
  ),
  postgresErrors: counter('aida_postgres_errors_total', 'queries', 'Queries that failed, by what was to blame', {
    kind: oneOf('connection | timeout | query'),
  }),
  postgresPool: gauge(
    'aida_postgres_pool_connections',
    'connections',
    'Connections to the database, and who waits for one',
    {
      state: oneOf('busy | idle | waiting'),
    },
  ),
  jobs: gauge(
    'aida_jobs',
    'jobs',
    'Jobs by lane and state: waiting (later among them), later, running, failing (failed at least once), dead',
    { lane: oneOf('soon | bulk'), state: oneOf('waiting | later | running | failing | dead') },
  ),
  jobsOldest: gauge(
    'aida_jobs_oldest_seconds',
    'seconds',
    'For how long the oldest job that is not done should have run',
    { lane: oneOf('soon | bulk') },
  ),
  jobRuns: counter('aida_job_runs_total', 'jobs', 'Jobs that were begun, by kind and what came of it', {
    kind: jobs,
    result: oneOf('finished | waits | buried | lost | unknown'),
  }),
  recordingsLost: counter(
    'aida_recordings_lost_total',
    'recordings',
    'Recordings that were left or made and could not be fetched: voicemail or call',
    { of: oneOf('voicemail | call') },
  ),
  noticesSent: counter('aida_notices_sent_total', 'messages', 'Messages that the store was told of, by mail or hook', {
    by: oneOf('mail | hook'),
  }),
  preparedLines: gauge(
    'aida_prepared_lines',
    'sentences',
    'Sentences that should be ready as sound, by whether they are',
    { state: oneOf('ready | missing') },
  ),
};

const processMetrics = {
  loopDelaySeconds: histogram(
    'aida_event_loop_delay_seconds',
    'seconds',
    'How late timers came that were due every 20 ms',
    STALL_SECONDS,
  ),
  loopBusy: gauge(
    'aida_event_loop_busy_ratio',
    'ratio',
    'Share of the time since the last scrape that the event loop was busy',
  ),
  loopStallSeconds: gauge(
    'aida_event_loop_stall_seconds',
    'seconds',
    'The longest that nothing ran, in the last minute',
  ),
  gcSeconds: histogram('aida_gc_pause_seconds', 'seconds', 'Pauses for garbage collection, by kind', STALL_SECONDS, {
    kind: oneOf('minor | major | incremental | weak'),
  }),
  cpuSeconds: counter(
    'aida_process_cpu_seconds_total',
    'seconds',
    'Time on the processors, of the program and for it',
    {
      mode: oneOf('user | system'),
    },
  ),
  memoryBytes: gauge('aida_process_memory_bytes', 'bytes', 'Memory of this process, by kind', {
    kind: oneOf('resident | heap_used | heap_total | external | array_buffers'),
  }),
  openFiles: gauge('aida_process_open_files', 'files', 'Files and sockets that are open'),
  activeResources: gauge('aida_nodejs_active_resources', 'resources', 'What keeps the event loop running, by type', {
    type: oneOf('Timeout | Immediate | TCPSocketWrap | TCPServerWrap | PipeWrap'),
  }),
  startTime: gauge('aida_process_start_time_seconds', 'seconds', 'When this process started, in seconds since 1970'),
  /** `runtime` is Node's version: `node` is the label that a scrape gives to all that comes from one. */
  buildInfo: info('aida_build_info', 'What runs here', ['version', 'machine', 'runtime', 'server']),
  configInfo: info('aida_config_info', 'How this node is set up', [
    'roles',
    'model',
    'fallback',
    'cadence',
    'kafka',
    'telemetry',
  ]),
  configLimit: gauge('aida_config_limit', 'mixed', 'Limits that this node was given, by name; none for no limit', {
    name: oneOf(
      'calls_max | carrier_calls_max | model_sessions_max | dollars_per_hour | dollars_per_day | drain_seconds | model_session_seconds',
    ),
  }),
  scrapeSeconds: histogram(
    'aida_scrape_stretch_seconds',
    'seconds',
    'The longest that a scrape kept this process from anything else',
    SPLICE_SECONDS,
  ),
  spans: counter('aida_spans_total', 'spans', 'Spans of traces, by what became of them', {
    result: oneOf('exported | dropped | failed'),
  }),
};

/** Of the synthetic caller, a process of its own. */
const syntheticMetrics = {
  syntheticCalls: counter(
    'aida_synthetic_calls_total',
    'calls',
    'Calls that the synthetic caller placed, by how they went',
    {
      result: oneOf('ok | refused | no_stream | no_first_word | no_answer | wrong_answer | cut'),
    },
  ),
  syntheticFirstWordSeconds: histogram(
    'aida_synthetic_first_word_seconds',
    'seconds',
    'From the webhook of a synthetic call to the first sound in its ear',
    FIRST_WORD_SECONDS,
  ),
  syntheticToolSeconds: histogram(
    'aida_synthetic_answer_seconds',
    'seconds',
    'From the end of the question of a synthetic call to the answer that needs a tool',
    SILENCE_SECONDS,
  ),
  syntheticLastOk: gauge(
    'aida_synthetic_last_ok_seconds',
    'seconds',
    'When a synthetic call last went well, in seconds since 1970; 0 before the first',
  ),
};

/** By what they are about: the order of the documentation. */
export const metricSections = {
  Calls: callMetrics,
  'Webhooks and the carrier': webhookMetrics,
  'Placement and the waiting room': placementMetrics,
  Audio: audioMetrics,
  Model: modelMetrics,
  Tools: toolMetrics,
  'Nodes and takeovers': fleetMetrics,
  'Journal, outbox, inbox': journalMetrics,
  Kafka: kafkaMetrics,
  'Redis, Postgres, jobs': backendMetrics,
  Process: processMetrics,
  'Synthetic caller': syntheticMetrics,
} satisfies Record<string, Record<string, MetricSpec>>;

/** Every metric of a node, by the name that code calls it. */
export const nodeMetrics = {
  ...callMetrics,
  ...webhookMetrics,
  ...placementMetrics,
  ...audioMetrics,
  ...modelMetrics,
  ...toolMetrics,
  ...fleetMetrics,
  ...journalMetrics,
  ...kafkaMetrics,
  ...backendMetrics,
  ...processMetrics,
};

export { syntheticMetrics };
