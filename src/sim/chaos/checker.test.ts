import { expect, test } from 'vitest';
import { invariants, type Violation, violationsOf } from './checker.ts';
import type { JournalEntry } from '../../directory/journal.ts';
import type { History, RecordedCall } from './history.ts';
import { CALL, goodHistory } from './history.fixture.ts';

test('a good history violates nothing', () => {
  expect(violationsOf(goodHistory())).toEqual([]);
});

type Plant = [what: string, invariant: Violation['invariant'], plant: (call: RecordedCall, history: History) => void];

const seventh = (journal: JournalEntry[]): JournalEntry => journal[7] as JournalEntry;

const planted: Plant[] = [
  ['a fact is missing', 'journalOrder', ({ journal, arrivals }) => void [journal.splice(4, 1), arrivals.splice(2, 1)]],
  ['an epoch has no marker', 'journalOrder', ({ journal }) => void journal.splice(9, 1)],
  ['facts of two epochs stand mixed', 'journalOrder', ({ journal }) => void journal.push(...journal.splice(8, 1))],
  [
    'a restored journal has lost facts',
    'journalOrder',
    ({ journal }) => {
      journal[4] = { ...seventh(journal), kind: 'claim', epoch: 1_001, seq: 2 } as JournalEntry;
    },
  ],
  [
    'an entry is no fact',
    'journalOrder',
    ({ journal }) => {
      const { epoch, seq } = seventh(journal);
      journal[7] = { kind: 'corrupt', epoch, seq, bytes: 3 };
    },
  ],
  [
    'an epoch wrote after a later one',
    'journalOrder',
    ({ journal, arrivals }) => {
      arrivals.push({ epoch: 1_001, seq: 7 });
      journal.splice(9, 0, { ...journal[8], seq: 7 } as JournalEntry);
    },
  ],
  ['what was taken in is gone', 'journalOrder', ({ arrivals }) => void arrivals.push({ epoch: 2_000, seq: 9 })],
  ['a state that its journal does not lead to', 'replayIsTheCall', (call) => void (call.toldState = 'dialing')],
  [
    'a transcript that its journal does not come to',
    'replayIsTheCall',
    (_, { rows }) => void rows[0]?.transcript?.pop(),
  ],
  [
    'a call that ended without a transcript',
    'replayIsTheCall',
    (_, { rows: [row] }) => row && void (row.transcript = null),
  ],
  ['a turn has no row', 'sinkIsJournal', (_, { turns }) => void turns.pop()],
  ['a turn has two rows', 'sinkIsJournal', (_, { turns }) => void turns.push(...turns.slice(0, 1))],
  ['a row is of no turn', 'sinkIsJournal', (_, { turns }) => void turns.push({ callSid: CALL, itemId: 'x', text: '' })],
  [
    'a row is of no call',
    'sinkIsJournal',
    (_, { turns }) => void turns.push({ callSid: 'CA9', itemId: 'x', text: '' }),
  ],
  [
    'a row has other words',
    'sinkIsJournal',
    (_, { turns }) => void turns.splice(0, 1, { callSid: CALL, itemId: 'u1', text: 'Ours?' }),
  ],
  [
    'a load above its room',
    'loadWithinCap',
    (_, { placements }) => {
      placements.splice(2, 2, { atMs: 300, nodes: [{ node: 'a', load: 3, capacity: 2, live: 3, reserved: 0 }] });
    },
  ],
  [
    'a load below nothing',
    'loadWithinCap',
    (_, { placements }) => {
      placements.push({ atMs: 500, nodes: [{ node: 'a', load: -1, capacity: 2, live: 0, reserved: -1 }] });
    },
  ],
  [
    'a load that is not what is there',
    'loadWithinCap',
    (_, { placements }) => {
      placements.push({ atMs: 500, nodes: [{ node: 'a', load: 1, capacity: 2, live: 0, reserved: 0 }] });
    },
  ],
  ['a call that the carrier still has', 'oneEndNothingLeft', (call) => void (call.status = 'in-progress')],
  ['a journal without an end', 'oneEndNothingLeft', (call) => void (call.state = 'detached')],
  ['a hash without an end', 'oneEndNothingLeft', (call) => void (call.endedAs = null)],
  ['a call that ended in two ways', 'oneEndNothingLeft', (call) => void (call.endedAs = 'busy')],
  [
    'a row that does not end',
    'oneEndNothingLeft',
    (_, { rows }) => void rows.splice(0, 1, { callSid: CALL, status: 'COMPLETED', isEnded: false, transcript: null }),
  ],
  [
    'a row of another end',
    'oneEndNothingLeft',
    (_, { rows }) => void rows.splice(0, 1, { callSid: CALL, status: 'BUSY', isEnded: true, transcript: null }),
  ],
  ['a call without a row', 'oneEndNothingLeft', (_, { rows }) => void rows.pop()],
  ['an actor is left', 'oneEndNothingLeft', (_, { remainder }) => void (remainder.callsLive = 1)],
  ['a slot is left', 'oneEndNothingLeft', (_, { remainder }) => void (remainder.reservations = 1)],
  ['a set is left', 'oneEndNothingLeft', (_, { remainder }) => void remainder.callSets.push('calls:a:1')],
  [
    'a timer is left',
    'oneEndNothingLeft',
    (_, { remainder }) => void remainder.handles.push({ host: 'b', sockets: 0, timers: 1 }),
  ],
  [
    'a socket is left',
    'oneEndNothingLeft',
    (_, { remainder }) => void remainder.handles.push({ host: 'b', sockets: 1, timers: 0 }),
  ],
  ['a key without an expiry', 'oneEndNothingLeft', (_, { remainder }) => void remainder.lasting.push('call:x')],
  [
    'a greeting that comes late',
    'noGapBeyondBound',
    ({ sounds, heard }) => {
      sounds.splice(0, 1);
      heard.splice(0, 1);
    },
  ],
  [
    'a question without an answer',
    'noGapBeyondBound',
    (call) => {
      call.sounds.pop();
      call.heard.pop();
      call.endedMs = 30_000;
    },
  ],
  [
    'a sentence that breaks off though nothing happened',
    'noGapBeyondBound',
    (call, history) => {
      history.faults = [];
      call.sounds = call.sounds.map((sound, index) => (index === 2 ? { fromMs: 13_000, toMs: 14_000 } : sound));
    },
  ],
  [
    'a pause in the middle of a sentence',
    'noGapBeyondBound',
    (call, history) => {
      history.faults = [];
      call.heard.splice(1, 2, { fromMs: 6_000, toMs: 14_000, text: 'At seven.', whole: true });
      call.streams.splice(0, 1);
      call.sounds.splice(1, 2, { fromMs: 6_000, toMs: 7_000 }, { fromMs: 13_000, toMs: 14_000 });
    },
  ],
  [
    'a broken line that nobody mends',
    'noGapBeyondBound',
    (call) => {
      call.sounds = call.sounds.slice(0, 2);
      call.heard = call.heard.slice(0, 2);
      call.said.pop();
    },
  ],
  ['a call that was lost', 'noGapBeyondBound', (call) => void (call.lost = 'hung up on')],
  [
    'a message kept twice',
    'effectsOnce',
    (_, { effects }) => void effects.push({ callSid: CALL, key: 'voicemail RE1', epoch: null }),
  ],
  ['a message that is not kept', 'effectsOnce', (_, { effects }) => void effects.splice(1, 1)],
  [
    'a tool that answered twice',
    'effectsOnce',
    ({ journal }) => void journal.push({ ...journal[6], epoch: 2_000, seq: 3 } as JournalEntry),
  ],
  ['an answer of a tool that nobody asked', 'effectsOnce', ({ journal }) => void journal.splice(5, 1)],
  ['an answer that is written down nowhere', 'effectsOnce', (_, { effects }) => void effects.splice(0, 1)],
  [
    'an effect of an epoch that was never',
    'effectsOnce',
    (_, { effects }) => void effects.push({ callSid: CALL, key: 'tool t9', epoch: 5 }),
  ],
  [
    'two nodes that speak at once',
    'oneSocketSpeaks',
    ({ streams: [first] }) => void (first?.audio && (first.audio.toMs = 12_000)),
  ],
];

test.each(planted)('%s: %s', (_, invariant, plant) => {
  const history = goodHistory();
  const [call] = history.calls;
  if (!call) throw new Error('a history without a call');
  plant(call, history);
  expect(new Set(violationsOf(history).map((violation) => violation.invariant))).toContain(invariant);
});

test('every invariant has a history that violates it', () => {
  expect(new Set(planted.map(([, invariant]) => invariant))).toEqual(new Set(Object.keys(invariants)));
});

test('what a fault explains is no violation, and only while it does', () => {
  const history = goodHistory();
  expect(violationsOf({ ...history, faults: [] }).map(({ invariant }) => invariant)).toEqual([]);
  const [call] = history.calls;
  if (!call) throw new Error('a history without a call');
  call.sounds.splice(2, 1, { fromMs: 12_900, toMs: 14_000 });
  expect(violationsOf(history)).toEqual([]);
  expect(violationsOf({ ...history, faults: [] })).not.toEqual([]);
  expect(violationsOf({ ...history, faults: [] }, 2)).toEqual([]);
  const webhook = { atMs: 8_010, url: 'https://aida.example.com/voice/next#rt=2500', status: 200, tries: 2 };
  const lost = { ...call, webhooks: [{ ...webhook, unansweredMs: 2_500 }] };
  expect(violationsOf({ ...history, faults: [], calls: [lost] })).toEqual([]);
  expect(violationsOf({ ...history, faults: [], stalls: [{ fromMs: 9_000, toMs: 11_000 }] })).toEqual([]);
});

test('a failover may lose what no node held, and nothing else', () => {
  const found = (journalEpoch: number, seq: number, loses: boolean) => {
    const history = goodHistory();
    history.calls[0]?.arrivals.push({ epoch: journalEpoch, seq });
    const fault = { kind: 'redisFailover', host: null, fromMs: 0, toMs: 1 } as const;
    return violationsOf({ ...history, faults: loses ? [...history.faults, fault] : history.faults }).map(
      ({ invariant }) => invariant,
    );
  };
  const streamed = goodHistory().calls[0]?.journal.find((entry) => entry.kind === 'claim' && entry.by === 'stream');
  // An epoch of which nothing is left at all was a webhook's.
  expect([found(2_500, 1, false), found(2_500, 1, true)]).toEqual([['journalOrder'], []]);
  expect(new Set(found(streamed?.epoch ?? 0, 99, true))).toEqual(new Set(['journalOrder']));
});
