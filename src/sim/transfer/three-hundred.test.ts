import { afterAll, beforeAll, expect, test } from 'vitest';
import { directoryLimits } from '../../directory/limits.ts';
import { readTexts } from '../../directory/reply.ts';
import { eventually } from '../eventually.ts';
import type { SimCall, Staff } from '../twilio/index.ts';
import { Guest } from './guest.fixture.ts';
import { type Hall, openHall } from './hall.fixture.ts';

const CALLERS = 300;
const MEMBERS = ['+12075550143', '+12075550144'] as const;
const BOUND_MS = 100_000;
/** Not yet answered at once: one process plays all parts, and must leave Redis time to answer. */
const UNANSWERED_MAX = 40;
/** One in so many of those in line waits for as long as it takes; all others hang up once everybody was answered. */
const PATIENT_EACH = 4;

const fromOf = (index: number) => `+1303555${1000 + index}`;
const indexOf = (from: string) => Number(from.slice(-4)) - 1000;
const isPatient = (index: number) => index % PATIENT_EACH === 0;

/** Of those who are patient, for one the phones are busy with calls of their own, for another nobody accepts. */
function phoneFor(from: string): Staff {
  const nth = indexOf(from) / PATIENT_EACH;
  if (nth % 5 === 3) return { result: 'busy' };
  const answers = { result: 'answers', afterS: 0.05, hangsUpAfterS: 0.1 } as const;
  return nth % 5 === 4 ? { ...answers, presses: '2' } : { ...answers, presses: '1' };
}

let hall: Hall;
let guests: Guest[];
let calls: SimCall[];
/** The most that stood in line at once, of what was seen. */
let inLineMax = 0;

const answered = async () => guests.filter(({ answers }) => answers.length > 0).length;
const callOf = (guest: Guest) => calls[guests.indexOf(guest)] as SimCall;
const isBack = (guest: Guest) => guest.openings.includes('staffUnavailable');

beforeAll(async () => {
  guests = Array.from(
    { length: CALLERS },
    (_, index) =>
      new Guest(
        // Whoever comes back from the staff has heard so, and needs nothing more.
        (guest) =>
          isBack(guest)
            ? callOf(guest).hangUp()
            : guest.asksForStaff(`I am caller ${index} and want to return some beans.`, 'return of beans'),
        () => undefined,
      ),
  );
  hall = await openHall({
    people: MEMBERS.map((number) => ({ name: '', number, ringS: 20, mode: 'warm', hours: 'always' })),
    phones: Object.fromEntries(MEMBERS.map((number) => [number, phoneFor])),
    limits: { restMs: 100, roundMs: 100 },
    guestOf: (from) => guests[indexOf(from)] as Guest,
  });
});

afterAll(() => hall.close());

test('three hundred callers ask for two of the staff: none rings a busy line, all hear the truth, none is lost', async () => {
  calls = [];
  for (let index = 0; index < CALLERS; index += 1) {
    await eventually(answered, (count) => index - count < UNANSWERED_MAX, BOUND_MS);
    calls.push(hall.twilio.placeCall({ from: fromOf(index), to: '+15035550100', keepAudio: false }));
  }
  const line = async () => {
    inLineMax = Math.max(inLineMax, Number(await hall.link.command('zcard', '{staff}:queue')));
    return answered();
  };
  expect(await eventually(line, (count) => count === CALLERS, BOUND_MS)).toBe(CALLERS);
  for (const [index, guest] of guests.entries()) {
    const isWaiting = guest.answers[0]?.placeInLine !== undefined && isPatient(index);
    if (!isWaiting && guest.answers[0]?.accepted === false && !guest.lines.includes('connecting'))
      calls[index]?.hangUp();
  }
  await eventually(
    () => calls.filter(({ ended }) => !ended).length,
    (open) => open === 0,
    BOUND_MS,
  );
  await Promise.all(calls.map(({ done }) => done));

  // What a busy machine answers too late is told again.
  const complaints = hall.twilio.complaints.filter((words) => !/^callback .*: 503$/.test(words));
  expect(complaints, 'nobody rang into a busy line').toEqual([]);
  const told = { through: 0, inLine: 0, full: 0 };
  for (const [index, guest] of guests.entries()) {
    const call = calls[index] as SimCall;
    const [answer] = guest.answers;
    if (answer === undefined) throw new Error(`caller ${index} was told nothing`);
    told[answer.accepted ? 'through' : answer.placeInLine === undefined ? 'full' : 'inLine'] += 1;
    const isOffered = guest.lines.includes('connecting');
    // On a busy machine Redis may not answer in time: such a caller is promised a try, and may hear that all are busy.
    const isTried = answer.accepted && answer.next?.includes('try') === true;
    // Rung only after it was said; and whoever was told that it rings was rung.
    if (!isTried) expect([index, call.dialed.length > 0]).toEqual([index, answer.accepted || isOffered]);
    else expect([index, call.dialed.length > 0 || isBack(guest)]).toEqual([index, true]);
    if (answer.placeInLine === undefined && !answer.accepted) expect(isOffered, `caller ${index}`).toBe(false);
    const isTransferred = call.dialed.some((leg) => leg.answeredMs !== null) && !isBack(guest);
    // Who was put through is let go by the staff; all others talked with the assistant until they hung up.
    expect([index, call.endedBy]).toEqual([index, isTransferred ? 'service' : 'phone']);
    if (isBack(guest)) {
      expect(guest.openings).toEqual(['greeting', 'staffUnavailable']);
      expect(guest.seeds[1]?.filter(({ who }) => who === 'caller')).toMatchObject([
        { text: `I am caller ${index} and want to return some beans.` },
      ]);
    } else expect([index, guest.openings]).toEqual([index, ['greeting']]);
    if (isPatient(index) && answer.placeInLine !== undefined) expect([index, isOffered]).toEqual([index, true]);
  }
  expect(told.through + told.inLine + told.full).toBe(CALLERS);
  expect(told.through, 'both were free once').toBeGreaterThanOrEqual(MEMBERS.length);
  expect(told.full, 'more came than may wait').toBeGreaterThan(0);
  expect(inLineMax).toBeLessThanOrEqual(directoryLimits.staffQueueMax);
  const places = guests.flatMap(({ answers }) => answers[0]?.placeInLine ?? []);
  expect(Math.max(...places)).toBeLessThanOrEqual(directoryLimits.staffQueueMax);
  expect(guests.filter(isBack).length, 'some came back').toBeGreaterThan(0);

  const keys = () => hall.link.command('keys', '{staff}*');
  expect(readTexts(await eventually(keys, (left) => readTexts(left).length === 0))).toEqual([]);
}, 240_000);
