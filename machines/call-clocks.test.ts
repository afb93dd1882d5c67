import { describe, expect, test } from 'vitest';
import { fact, left, next, passed, play, transfer } from './call.fixture.ts';
import { type CallEffect, type CallEvent, limits } from './call-events.ts';

const MINUTE_MS = 60_000;
const talking: CallEvent[] = [fact.arrived, fact.started, fact.ready];
const spoke = (at: number): CallEvent[] => [
  { ...fact.farewell, at },
  { type: 'assistant.fellSilent', at: at + 1_000 },
];
const greeted: CallEvent[] = [...talking, ...spoke(3_900)];
const asks = (at: number): CallEvent[] => [
  { type: 'caller.speechStarted', at, itemId: 'u1' },
  { type: 'caller.speechStopped', at: at + 1_000, itemId: 'u1' },
];
/** Lets every deadline pass at its time until one of these effects was asked for, at most so often. */
function until(facts: CallEvent[], type: CallEffect['type'], passesMax = 10): CallEvent[] {
  const all = [...facts];
  for (let passes = 0; passes < passesMax; passes += 1) {
    const { snapshot, effects } = play(all);
    if (effects.some((effect) => effect.type === type)) return all;
    const [first] = Object.entries(snapshot.context.pending.deadlines).toSorted(([, a], [, b]) => a - b);
    if (!first) return all;
    all.push(passed(first[0] as 'quiet', first[1]));
  }
  return all;
}
const wishes = (facts: CallEvent[]) =>
  play(facts).effects.flatMap((effect) =>
    effect.type === 'line.play' ? [effect.line] : effect.type.startsWith('model.') ? [effect.type] : [],
  );
const deadlines = (facts: CallEvent[]) => play(facts).snapshot.context.pending.deadlines;

describe('a prepared greeting', () => {
  const said: CallEvent = {
    type: 'assistant.said',
    at: 2_100,
    itemId: 'line_greeting_10001',
    responseId: '',
    text: 'Hello.',
    totalMs: 900,
  };
  const begun: CallEvent[] = [fact.arrived, fact.started, said, fact.ready];

  test('is on its way while the session is made ready: nobody waits for the model, and nobody is asked yet', () => {
    const { context } = play(begun).snapshot;
    expect([context.silent, context.turnOpen]).toEqual([false, false]);
    expect(deadlines(begun)).toEqual({});
  });

  test('once it was heard it is the caller who is to speak', () => {
    const heard: CallEvent[] = [...begun, { type: 'assistant.fellSilent', at: 3_900 }];
    expect(deadlines(heard)).toEqual({ quiet: 3_900 + limits.quietMs });
    expect(wishes(heard)).toEqual(['model.open']);
  });
});

describe('a caller who waits for an answer', () => {
  test('hears a sentence, then the model is asked again, then it is given up', () => {
    const waits = until([...greeted, ...asks(6_000)], 'model.drop');
    expect(wishes(waits)).toEqual(['model.open', 'moment', 'model.nudge', 'model.drop']);
    const passes = waits.flatMap((event) => (event.type === 'deadline.passed' ? [event.at] : []));
    expect(passes).toEqual([9_500, 13_500, 18_500]);
    // A sentence of ours that was just being heard keeps the session: it is given up after that.
    expect(deadlines(waits)).toEqual({ answer: 18_500 + limits.answerMs[2] });
    expect(wishes([...waits, passed('answer', 23_500)]).slice(-2)).toEqual(['model.drop', 'model.drop']);
  });

  test('never hears nothing for longer than eight seconds, once a sentence told it to wait', () => {
    const [toSentence, toNudge, toDrop] = limits.answerMs;
    const shortestSentenceMs = 1_000;
    expect(toSentence).toBeLessThanOrEqual(8_000);
    expect(toNudge + toDrop - shortestSentenceMs).toBeLessThanOrEqual(8_000);
  });

  test('is waited for no longer when the answer comes, or the caller speaks on', () => {
    expect(deadlines([...greeted, ...asks(6_000), { ...fact.farewell, at: 8_000 }])).toEqual({});
    const on: CallEvent = { type: 'caller.speechStarted', at: 7_500, itemId: 'u2' };
    expect(deadlines([...greeted, ...asks(6_000), on])).toEqual({});
  });

  test('is given a sentence while a tool runs, and the answer is awaited from its result on', () => {
    const asked = { ...fact.asked, at: 7_200 };
    const runs = [...greeted, ...asks(6_000), asked];
    expect(deadlines(runs)).toEqual({ filler: 7_200 + limits.fillerMs });
    expect(wishes([...runs, passed('filler', 8_700)])).toEqual(['model.open', 'moment']);
    const answered = { ...left(null), at: 9_000 };
    expect(deadlines([...runs, passed('filler', 8_700), answered])).toEqual({ answer: 9_000 + limits.answerMs[0] });
    expect(wishes([...runs, answered, passed('filler', 9_100)])).toEqual(['model.open']);
  });

  test('has not been answered by what was said before the question, nor by the ask of a tool', () => {
    const silent: CallEvent = { type: 'assistant.fellSilent', at: 7_600 };
    expect(play([...greeted, ...asks(6_000), silent]).snapshot.context.turnOpen).toBe(true);
    const answered = [...greeted, ...asks(6_000), { ...fact.asked, at: 7_200 }, { ...left(null), at: 7_300 }];
    const facts = [...answered, { ...fact.spokenAsk, at: 7_400 }, silent];
    expect(play(facts).snapshot.context.turnOpen).toBe(true);
    expect(play([...facts, ...spoke(8_000)]).snapshot.context.turnOpen).toBe(false);
  });

  test('who broke an answer off has not been answered by it', () => {
    const brokeOff: CallEvent = { ...fact.farewell, at: 6_200, status: 'cancelled' };
    const [started, stopped] = asks(6_000);
    const turn = [...greeted, started, brokeOff, stopped] as CallEvent[];
    const silent: CallEvent = { type: 'assistant.fellSilent', at: 7_300 };
    const facts = [...turn, silent];
    expect(play(facts).snapshot.context.turnOpen).toBe(true);
    expect(deadlines(facts)).toEqual({ answer: 7_000 + limits.answerMs[0] });
    expect(deadlines([...facts, ...spoke(8_000)])).toEqual({ quiet: 9_000 + limits.quietMs });
  });

  test('who spoke while a tool ran still hears the farewell that the tool brings', () => {
    const asked: CallEvent[] = [
      { ...fact.asked, at: 5_000 },
      { ...fact.spokenAsk, at: 5_100 },
    ];
    const facts = [...greeted, ...asked, ...asks(5_200), { ...left(transfer), at: 6_300 }];
    expect(play(facts).effects.at(-1)).toMatchObject({ type: 'tool.deliver', toolCallId: 't1', respond: true });
    const heard = play([...facts, ...spoke(7_000)]);
    expect(heard.effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: transfer });
  });

  test('hears a sentence once while sessions are tried one after the other', () => {
    const lost: CallEvent = { ...fact.lost, at: 7_500 };
    const again: CallEvent = { ...fact.lost, at: 9_200 };
    const facts = [...greeted, ...asks(6_000), lost, passed('filler', 7_500 + limits.fillerMs), again];
    expect(wishes(facts)).toEqual(['model.open', 'model.open', 'moment']);
    expect(deadlines(facts)).toEqual({ model: 7_500 + limits.modelMs, retry: 9_200 + 500 });
  });
});

describe('a caller who says nothing', () => {
  test('is asked twice, then hears goodbye, and the call ends when it was heard', () => {
    const leaves = until(greeted, 'stream.leave', 3);
    expect(wishes(leaves)).toEqual(['model.open', 'stillThere', 'stillThere', 'goodbye']);
    const heard = play([...leaves, { type: 'assistant.fellSilent', at: 60_000 }]);
    expect(heard.effects.at(-1)).toMatchObject({ type: 'stream.leave', intent: { kind: 'hangup' } });
  });

  test('who speaks into the goodbye is listened to', () => {
    const goodbye = until(greeted, 'stream.leave', 3);
    const facts: CallEvent[] = [...goodbye, { type: 'caller.speechStarted', at: 45_000, itemId: 'u9' }];
    expect(play(facts).snapshot.value).toEqual({ conversation: 'talking' });
  });

  test('begins anew with words, not with noise', () => {
    const asked = [...greeted, passed('quiet', 4_900 + limits.quietMs)];
    const noise: CallEvent[] = [
      ...asks(20_000),
      { type: 'caller.said', at: 21_500, itemId: 'u1', text: '', after: null },
    ];
    expect(play([...asked, ...noise]).snapshot.context.quietRounds).toBe(1);
    const words: CallEvent = { type: 'caller.said', at: 21_500, itemId: 'u1', text: 'I am', after: null };
    expect(play([...asked, ...asks(20_000), words]).snapshot.context.quietRounds).toBe(0);
  });

  test('is asked after a noise too: nobody owes it an answer', () => {
    const noise: CallEvent[] = [
      ...asks(6_000),
      { type: 'caller.said', at: 7_400, itemId: 'u1', text: '', after: null },
    ];
    expect(deadlines([...greeted, ...noise])).toEqual({ quiet: 7_400 + limits.quietMs });
  });

  test('is not what a caller becomes whose earlier noise is known as one only after the question', () => {
    const [, stopped] = asks(8_000);
    const question = [
      { type: 'caller.speechStarted', at: 8_000, itemId: 'u2' },
      { ...stopped, itemId: 'u2' },
    ];
    const noise: CallEvent = { type: 'caller.said', at: 9_100, itemId: 'u1', text: '', after: null };
    const facts = [...greeted, ...asks(6_000), ...question, noise] as CallEvent[];
    expect(deadlines(facts)).toEqual({ answer: 9_000 + limits.answerMs[0] });
    expect(play(facts).snapshot.context.turnOpen).toBe(true);
  });

  test('is not asked while a tool runs', () => {
    expect(deadlines([...greeted, { ...fact.asked, at: 6_000 }])).toEqual({ filler: 6_000 + limits.fillerMs });
  });
});

describe('the longest conversation', () => {
  const bounded: CallEvent[] = [
    { ...fact.arrived, lastsMsMax: 10 * MINUTE_MS },
    fact.started,
    fact.ready,
    ...spoke(3_900),
  ];
  const warnAt = fact.started.at + 9 * MINUTE_MS;

  test('is announced a minute before it is over, and then ends whoever speaks', () => {
    expect(deadlines(bounded)).toMatchObject({ length: warnAt });
    const warned = [...bounded, passed('length', warnAt)];
    expect([wishes(warned).at(-1), deadlines(warned)['length']]).toEqual(['nearlyOver', warnAt + MINUTE_MS]);
    const over = [...warned, passed('length', warnAt + MINUTE_MS)];
    expect([wishes(over).at(-1), play(over).snapshot.value]).toEqual(['timeIsUp', { conversation: 'leaving' }]);
    const spokenInto: CallEvent[] = [
      ...over,
      { type: 'caller.speechStarted', at: warnAt + MINUTE_MS + 1, itemId: 'u8' },
    ];
    expect(play(spokenInto).snapshot.value).toEqual({ conversation: 'leaving' });
    expect(play([...spokenInto, passed('farewell', warnAt + 2 * MINUTE_MS)]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: { kind: 'hangup', reason: 'longest conversation' },
    });
  });

  test('is not announced into the caller’s sentence, unless that takes too long', () => {
    const [started, stopped] = asks(warnAt - 1_000);
    const speaks = [...bounded, started, passed('length', warnAt)] as CallEvent[];
    expect(deadlines(speaks)).toEqual({ length: warnAt + limits.finishCheckMs });
    expect(wishes(speaks)).not.toContain('nearlyOver');
    const finished = [...speaks, stopped, passed('length', warnAt + limits.finishCheckMs)] as CallEvent[];
    expect(wishes(finished).at(-1)).toBe('nearlyOver');
    expect(wishes([...speaks, passed('length', warnAt + limits.finishMs)]).at(-1)).toBe('nearlyOver');
  });

  test('who could not be hung up on has a minute more, again and again', () => {
    const endAt = warnAt + MINUTE_MS;
    const over: CallEvent[] = [...bounded, passed('length', warnAt), passed('length', endAt)];
    const left: CallEvent[] = [...over, passed('farewell', endAt + limits.farewellMs)];
    const kept: CallEvent[] = [...left, { type: 'intent.withdrawn', at: endAt + 15_000 }];
    expect(deadlines(kept)).toMatchObject({ length: endAt + 15_000 + limits.nearlyOverMs });
    expect(wishes(kept).filter((wish) => wish === 'timeIsUp')).toHaveLength(1);
  });

  test('counts on through a broken line and a transfer', () => {
    const again: CallEvent[] = [
      { ...next(null), at: 20_000 },
      { ...fact.started, at: 21_000 },
      { ...fact.ready, at: 21_300 },
    ];
    expect(deadlines([...bounded, ...again])).toMatchObject({ length: warnAt });
  });
});

describe('a model session that grows old', () => {
  const aging: CallEvent[] = [fact.arrived, fact.started, { ...fact.ready, rotateMs: 25_000 }, ...spoke(3_900)];
  const dueAt = fact.ready.at + 25_000;
  const due = passed('rotate', dueAt);

  test('is followed by another one at a turn boundary, told what was said', () => {
    expect(deadlines(aging)).toMatchObject({ rotate: dueAt });
    expect(wishes([...aging, due]).at(-1)).toBe('model.rotate');
    const midTurn = [...aging, ...asks(26_000), due];
    expect(wishes(midTurn)).not.toContain('model.rotate');
    expect(wishes([...midTurn, ...spoke(29_000)]).at(-1)).toBe('model.rotate');
  });

  test('goes on as long as the next one has, or is tried again soon', () => {
    const rotated = (sessionId: string | null): CallEvent => ({
      type: 'model.rotated',
      at: 30_000,
      sessionId,
      rotateMs: 20_000,
    });
    expect(deadlines([...aging, due, rotated('sess_2')])).toMatchObject({ rotate: 50_000 });
    const failed = [...aging, due, rotated(null)];
    expect(deadlines(failed)).toMatchObject({ rotate: 30_000 + limits.rotateAgainMs });
    expect(wishes([...failed, passed('rotate', 40_000)]).filter((wish) => wish === 'model.rotate')).toHaveLength(2);
  });
});

test('a session that is old from its first moment on is not replaced over and over', () => {
  const aging: CallEvent[] = [fact.arrived, fact.started, { ...fact.ready, rotateMs: 1_000 }, ...spoke(3_900)];
  const rotated: CallEvent = { type: 'model.rotated', at: 5_500, sessionId: 'sess_2', rotateMs: 0 };
  expect(deadlines([...aging, passed('rotate', 5_000), rotated])).toMatchObject({
    rotate: 5_500 + limits.rotateAgainMs,
  });
});

describe('somebody on the staff who has become free', () => {
  const offered: CallEvent = { type: 'staff.offered', at: 6_500, to: '+15550003333', reason: 'catering' };

  test('is announced at the next turn boundary, and rung when that was heard', () => {
    expect(wishes([...greeted, offered]).at(-1)).toBe('connecting');
    const midTurn = [...greeted, ...asks(6_000), offered];
    expect(wishes(midTurn)).not.toContain('connecting');
    const told = [...midTurn, ...spoke(9_000)];
    expect(wishes(told).at(-1)).toBe('connecting');
    const intent = { kind: 'transfer', reason: 'catering', to: '+15550003333' };
    const heard: CallEvent[] = [...told, { type: 'assistant.fellSilent', at: 12_000 }];
    expect(play(heard).effects.at(-1)).toMatchObject({ type: 'stream.leave', intent });
  });

  test('is rung at once by a key', () => {
    const key: CallEvent = { type: 'carrier.dtmf', at: 7_000, digit: '0' };
    expect(play([...greeted, ...asks(6_000), offered, key]).effects.at(-1)).toMatchObject({
      type: 'stream.leave',
      intent: { kind: 'transfer', to: '+15550003333' },
    });
  });

  test('who does not answer is followed by the next', () => {
    const ringing = [...greeted, next({ kind: 'transfer', reason: 'catering', to: '+15550003333' })];
    expect(play(ringing).snapshot.context.ringing).toBe('+15550003333');
    const busy: CallEvent = {
      type: 'carrier.dialEnded',
      at: 20_000,
      result: 'busy',
      durationS: 0,
      next: '+15550004444',
    };
    const { value, context } = play([...ringing, busy]).snapshot;
    expect([value, context.ringing, context.pending.deadlines]).toEqual([
      'dialing',
      '+15550004444',
      { ring: 20_000 + limits.ringMs },
    ]);
  });
});

describe('a message that is reviewed', () => {
  const recorded: CallEvent = {
    type: 'carrier.recordEnded',
    at: 40_000,
    recordingSid: 'RE1',
    recordingUrl: 'u',
    durationS: 9,
    digits: '#',
    review: true,
  };
  const reviewing = [...greeted, next({ kind: 'voicemail', topic: 'catering' }), recorded];

  test.each([
    ['keep', 'hangingUp'],
    ['again', 'recording'],
    ['person', 'dialing'],
  ] as const)('%s leads to %s, and what the call is about is kept', (choice, state) => {
    const { value, context } = play([...reviewing, { type: 'carrier.reviewed', at: 45_000, choice }]).snapshot;
    expect([value, context.outcome]).toEqual([state, 'voicemail']);
    if (state !== 'hangingUp') expect(context.about).toBe('catering');
  });
});
