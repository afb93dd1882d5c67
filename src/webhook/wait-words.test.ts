import { describe, expect, it } from 'vitest';
import { beginWait, readWait, type Wait, waitQuery } from './wait-state.ts';
import { type InLine, nextPiece, type Parties, waitBoundMs, type WaitFacts } from './wait-words.ts';

const NOW = 1_763_827_200_000;
const parties: Parties = { from: '+15553334444', to: '+15559990000' };
const facts: WaitFacts = {
  greeting: '',
  languages: ['en'],
  name: 'Mangy Dog Coffee',
  promotions: () => [
    ['Muddy Paws Two Weeks, through Monday, November 30.', 'Buy two 12 ounce bags of beans and get a third one free.'],
    ['Latte Lunch, through Friday, November 27.', 'Any latte with a sandwich is two dollars off.'],
  ],
  callback: () => 'within 2 hours',
  staffNumbers: ['+15550001111'],
};
const head: InLine = { position: 1, perMinute: 3, pieceMs: 1_000 };
const far: InLine = { position: 400, perMinute: 30, pieceMs: 16_000 };

interface Heard {
  atS: number;
  sentences: string[];
  wait: Wait;
}

/** What a waiter hears from joining on, by when, while the line moves as `lineAt` says; each piece as long as it is. */
function listen(
  lineAt: (ms: number) => InLine,
  untilMs: number,
  change: { facts?: WaitFacts; kind?: Wait['kind'] } = {},
) {
  const heard: Heard[] = [];
  let wait: Wait = { ...beginWait(change.kind ?? 'new', NOW), ticket: NOW };
  for (let at = 0; at < untilMs;) {
    const piece = nextPiece(wait, lineAt(at), change.facts ?? facts, parties, NOW + at);
    wait = piece.next;
    if (piece.sentences.length > 0) heard.push({ atS: Math.round(at / 1000), sentences: piece.sentences, wait });
    at += Math.max(1_000, piece.holdMs) + piece.sentences.join('').length * 68;
  }
  return heard;
}

const said = (heard: readonly Heard[]): string[] => heard.flatMap(({ sentences }) => sentences);

describe('joining', () => {
  it('the head of the line hears everything in pieces that a freed place can wait for', () => {
    const heard = listen(() => head, 30_000);
    expect(said(heard)).toEqual([
      'Thank you for calling Mangy Dog Coffee.',
      'All our lines are busy right now.',
      'You are next in line.',
      'It should take about a minute.',
      'Press 1 to leave a message.',
      'Press 2, and we will call you back within 2 hours.',
      'Press 0 to speak with our staff.',
      'Muddy Paws Two Weeks, through Monday, November 30.',
      'Buy two 12 ounce bags of beans and get a third one free.',
    ]);
    for (const { sentences } of heard) expect(sentences.join('').length * 68).toBeLessThanOrEqual(5_000);
  });

  it('what is rendered lasts as long as it does, not as long as it is estimated', () => {
    const joining: Wait = { ...beginWait('new', NOW), ticket: NOW };
    const [quick, slow] = [500, 3_000].map((ms) => nextPiece(joining, head, facts, parties, NOW, () => ms));
    expect(quick?.sentences).toHaveLength(9);
    expect([slow?.sentences.length, slow?.holdMs]).toEqual([1, 0]);
    const away = nextPiece(joining, { ...far, pieceMs: 3_500 }, facts, parties, NOW, () => 1_000);
    expect([away.sentences.length, away.holdMs]).toEqual([5, 0]);
  });

  it('who comes back from a conversation is not thanked for calling', () => {
    expect(said(listen(() => head, 3_000, { kind: 'live' })).slice(0, 2)).toEqual([
      'One moment please, we will be right back with you.',
      'You are next in line.',
    ]);
  });

  it('only what is configured is offered', () => {
    const bare: WaitFacts = { ...facts, name: 'us', promotions: () => [], callback: () => null, staffNumbers: [] };
    expect(said(listen(() => ({ ...head, perMinute: null }), 30_000, { facts: bare }))).toEqual([
      'Thank you for calling us.',
      'All our lines are busy right now.',
      'You are next in line.',
      'Press 1 to leave a message.',
    ]);
    const options = (who: Partial<Parties>) =>
      nextPiece(
        { ...beginWait('new', NOW), round: 1, said: 4 },
        { ...far, position: 9 },
        facts,
        { ...parties, ...who },
        NOW,
      ).sentences;
    expect(options({})).toContain('Press 2, and we will call you back within 2 hours.');
    for (const who of [{ from: 'anonymous' }, { from: '+266696687' }, { to: 'sip:us@example.com' }])
      expect(options(who).join(' ')).not.toContain('Press 2');
  });

  it('a sentence that no piece has room for is left out, except the first', () => {
    const name = 'The very long name of a company that nobody can say in five seconds, '.repeat(2);
    const long: WaitFacts = { ...facts, name, promotions: () => [['x'.repeat(80), 'Short.']] };
    const words = said(listen(() => head, 30_000, { facts: long }));
    expect(words[0]).toContain(name);
    expect(words.slice(-2)).toEqual(['Press 0 to speak with our staff.', 'Short.']);
  });
});

describe('the estimate', () => {
  const estimate = (position: number, perMinute: number | null) =>
    said(listen(() => ({ ...head, position, perMinute }), 12_000)).filter((text) => /take/.test(text));

  it.each([
    [1, 12, 'It should take about a minute.'],
    [12, 12, 'It should take about a minute.'],
    [13, 12, 'It should take about 2 minutes.'],
    [10, 1, 'It should take about 10 minutes.'],
    [11, 1, 'It should take about 15 minutes.'],
    [26, 1, 'It should take about 30 minutes.'],
    [31, 1, 'It may take more than half an hour.'],
    [900, 0.001, 'It may take more than half an hour.'],
  ])('number %i at %d a minute: %s', (position, perMinute, sentence) => {
    expect(estimate(position, perMinute)).toEqual([sentence]);
  });

  it.each([null, 0, -1, NaN])('says nothing of a pace of %s', (perMinute) => {
    expect(estimate(5, perMinute)).toEqual([]);
  });
});

describe('later on', () => {
  it('the position comes about every 40 s, with offers and options in turn', () => {
    const heard = listen(() => far, 200_000);
    const positions = heard.filter(({ sentences }) => sentences.some((text) => text.startsWith('You are number')));
    const gaps = positions.slice(1).map(({ atS }, index) => atS - (positions[index]?.atS ?? 0));
    expect(positions.length).toBeGreaterThanOrEqual(4);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(30);
      expect(gap).toBeLessThanOrEqual(70);
    }
    const words = said(heard).join(' ');
    expect(words).toContain('Latte Lunch');
    expect(words.match(/Press 1/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it('a position that changed much is said earlier, one that changed little is not', () => {
    const at = (later: number) =>
      listen((ms) => ({ ...head, position: ms < 20_000 ? 100 : later, pieceMs: 2_000 }), 39_000).flatMap(
        ({ sentences }) => sentences.filter((text) => text.startsWith('You are')),
      );
    expect(at(60)).toEqual(['You are number 100 in line.', 'You are number 60 in line.']);
    expect(at(90)).toEqual(['You are number 100 in line.']);
  });

  it('after the bound the long wait is apologized for, once', () => {
    const words = said(listen(() => far, 3 * waitBoundMs));
    const apology = words.indexOf("I'm sorry that you have to wait so long.");
    expect(words.slice(apology, apology + 5)).toEqual([
      "I'm sorry that you have to wait so long.",
      'Press 1 to leave a message.',
      'Press 2, and we will call you back within 2 hours.',
      'Press 0 to speak with our staff.',
      'Or hold the line and keep your place.',
    ]);
    expect(words.lastIndexOf("I'm sorry that you have to wait so long.")).toBe(apology);
  });

  it('nothing is said while the queue is away, and nothing forgotten', () => {
    const wait = { ...beginWait('new', NOW), ticket: 7, round: 3, said: 2, position: 12 };
    const piece = nextPiece(wait, null, facts, parties, NOW);
    expect([piece.sentences, piece.next, piece.announces]).toEqual([[], wait, false]);
    expect(piece.holdMs).toBeGreaterThan(1_000);
  });
});

it('ten thousand who come at once ask spread over time', () => {
  const perSecond = new Map<number, number>();
  let total = 0;
  for (let caller = 0; caller < 10_000; caller += 1) {
    let wait: Wait = { ...beginWait('new', NOW), ticket: NOW + caller };
    for (let at = 0; at < 120_000;) {
      const piece = nextPiece(wait, { ...far, position: caller + 200 }, facts, parties, NOW + at);
      wait = piece.next;
      at += piece.holdMs + piece.sentences.join('').length * 68;
      const second = Math.floor(at / 1000);
      if (second >= 30 && second < 120) {
        perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
        total += 1;
      }
    }
  }
  expect(total / 90).toBeLessThanOrEqual(640);
  expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(2 * (total / 90));
});

describe('what the URL remembers', () => {
  it('comes back whole', () => {
    const wait: Wait = {
      ticket: NOW + 5,
      kind: 'live',
      joinedAt: NOW,
      position: 1_234,
      saidAt: NOW + 40_000,
      round: 17,
      said: 3,
      apologyRound: 15,
      key: '*',
    };
    const query = waitQuery(wait);
    expect(readWait(new URLSearchParams(query), NOW + 1)).toEqual(wait);
    expect(query.length).toBeLessThan(100);
    expect(readWait(new URLSearchParams(waitQuery(beginWait('new', NOW))), 0)).toEqual(beginWait('new', NOW));
  });

  it.each(['', 't=-1&p=x&j=%00&s=&r=1e9&i=&k=##', `t=${'z'.repeat(40)}&c=LIVE&p=99999999&k=12`])(
    'what is odd in %j counts as not known',
    (query) => {
      expect(readWait(new URLSearchParams(query), NOW)).toEqual({
        ...beginWait('new', NOW),
        round: expect.any(Number),
      });
    },
  );
});
