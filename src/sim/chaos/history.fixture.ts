import type { CallEvent } from '../../../machines/call-events.ts';
import type { JournalEntry } from '../../directory/journal.ts';
import { replayed } from '../../replay/replayed.ts';
import type { History, RecordedCall } from './history.ts';

export const CALL = 'CA1';
const FIRST = 1_000;
const SECOND = 2_000;

const claim = (epoch: number, by: string): JournalEntry => ({
  kind: 'claim',
  epoch,
  seq: 0,
  by,
  node: 'a:1',
  version: 1,
});
const fact = (epoch: number, seq: number, what: CallEvent): JournalEntry => ({ kind: 'fact', epoch, seq, fact: what });

const usage = { spoke: true, errorCode: null, usage: null } as const;

const journal: JournalEntry[] = [
  claim(FIRST, 'arrive'),
  fact(FIRST, 1, { type: 'carrier.arrived', at: 0, from: '+1', to: '+2', node: 'a' }),
  claim(FIRST + 1, 'stream'),
  fact(FIRST + 1, 1, { type: 'carrier.streamStarted', at: 10, streamSid: 'MZ1', node: 'a' }),
  fact(FIRST + 1, 2, { type: 'caller.said', at: 20, itemId: 'u1', text: 'Hours?', after: null }),
  fact(FIRST + 1, 3, {
    type: 'tool.asked',
    at: 30,
    toolCallId: 't1',
    responseId: 'r1',
    name: 'get_store_hours',
    arguments: '{}',
  }),
  fact(FIRST + 1, 4, {
    type: 'tool.answered',
    at: 40,
    toolCallId: 't1',
    result: 'ok',
    output: '"7"',
    durationMs: 1,
    leave: null,
  }),
  fact(FIRST + 1, 5, { type: 'assistant.said', at: 50, itemId: 'a1', responseId: 'r2', text: 'At seven.', totalMs: 9 }),
  fact(FIRST + 1, 6, {
    type: 'model.responded',
    at: 55,
    responseId: 'r2',
    status: 'completed',
    toolCallIds: [],
    ...usage,
  }),
  claim(SECOND, 'next'),
  fact(SECOND, 1, { type: 'carrier.nextAsked', at: 60, intent: null, breaks: 1 }),
  fact(SECOND, 2, {
    type: 'carrier.recordingReady',
    at: 65,
    recordingSid: 'RE1',
    recordingUrl: '',
    durationS: 2,
    status: 'completed',
  }),
  fact(SECOND, 3, { type: 'carrier.statusReported', at: 70, status: 'completed', durationS: 9, sequence: 0 }),
];

const call: RecordedCall = {
  callSid: CALL,
  from: '+1',
  placedMs: 0,
  answeredMs: 500,
  endedMs: 20_000,
  status: 'completed',
  endedBy: 'phone',
  lost: null,
  said: [
    { fromMs: 4_000, toMs: 5_000, text: 'Hours?', whole: true },
    { fromMs: 15_000, toMs: 16_000, text: 'Thanks', whole: true },
  ],
  heard: [
    { fromMs: 1_000, toMs: 3_000, text: 'Hello', whole: true },
    { fromMs: 6_000, toMs: 8_000, text: 'At seven.', whole: false },
    { fromMs: 11_000, toMs: 14_000, text: 'Sorry about that.', whole: true },
    { fromMs: 17_000, toMs: 19_000, text: 'Goodbye', whole: true },
  ],
  sounds: [
    { fromMs: 1_000, toMs: 3_000 },
    { fromMs: 6_000, toMs: 8_000 },
    { fromMs: 11_000, toMs: 14_000 },
    { fromMs: 17_000, toMs: 19_000 },
  ],
  streams: [
    { host: 'a', openedMs: 600, endedMs: 8_000, endedBy: 'broken', audio: { fromMs: 900, toMs: 7_990 }, clearsMs: [] },
    {
      host: 'b',
      openedMs: 9_000,
      endedMs: 20_000,
      endedBy: 'twilio',
      audio: { fromMs: 10_990, toMs: 18_000 },
      clearsMs: [],
    },
  ],
  webhooks: [{ atMs: 5, url: 'https://aida.example.com/voice', status: 200, tries: 1, unansweredMs: 0 }],
  journal,
  arrivals: journal.flatMap(({ kind, epoch, seq }) => (kind === 'fact' ? [{ epoch, seq }] : [])),
  endedAs: 'completed',
  state: 'ended',
  toldState: 'ended',
};

const good: History = {
  seed: 1,
  calls: [call],
  placements: [
    { atMs: 100, nodes: [{ node: 'a', load: 0, capacity: 2, live: 0, reserved: 0 }] },
    { atMs: 200, nodes: [{ node: 'a', load: 1, capacity: 2, live: 0, reserved: 1 }] },
    // Room that shrank below the calls that are there.
    { atMs: 300, nodes: [{ node: 'a', load: 2, capacity: 1, live: 1, reserved: 1 }] },
    { atMs: 400, nodes: [{ node: 'a', load: 2, capacity: 0, live: 2, reserved: 0 }] },
  ],
  faults: [{ kind: 'nodeKill', host: 'a', fromMs: 8_000, toMs: 9_000 }],
  turns: [
    { callSid: CALL, itemId: 'u1', text: 'Hours?' },
    { callSid: CALL, itemId: 'a1', text: 'At seven.' },
  ],
  effects: [
    { callSid: CALL, key: 'tool t1', epoch: FIRST + 1 },
    { callSid: CALL, key: 'voicemail RE1', epoch: null },
  ],
  rows: [{ callSid: CALL, status: 'COMPLETED', isEnded: true, transcript: replayed(CALL, journal).end.transcript }],
  remainder: {
    callsLive: 0,
    factsWaiting: 0,
    modelSessions: 0,
    streams: 0,
    reservations: 0,
    due: 0,
    waiting: 0,
    callSets: [],
    lasting: [],
    handles: [{ host: 'a', sockets: 0, timers: 0 }],
  },
  stalls: [],
};

/** A run in which a node was killed in mid-sentence and nothing was wrong with how Aida took it. */
export const goodHistory = (): History => structuredClone(good);
