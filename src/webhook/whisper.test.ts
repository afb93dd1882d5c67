import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Turn } from '../../machines/call-events.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { CALL_SID, type Carrier, PUBLIC_URL, startCarrier } from './carrier.fixture.ts';

const HOLD = '1763827200000';
const CHILD = `CA${'b2'.repeat(16)}`;
const RETRY = '#ct=1000&rt=2500&rc=3&rp=all';
let carrier: Carrier;

beforeEach(async () => {
  carrier = await startCarrier();
});

afterEach(() => carrier.close());

/** As the carrier asks about the line to the member of the staff. */
const line = (more: Record<string, string> = {}) => ({
  CallSid: CHILD,
  ParentCallSid: CALL_SID,
  From: '+15553334444',
  To: '+15550001111',
  Direction: 'outbound-dial',
  ...more,
});

const said = (body: string): string[] =>
  parseTwiml(body, null).verbs.flatMap((verb) => verb.children.map((child) => child.text));
const caller = (text: string): Turn => ({ who: 'caller', itemId: text, text });
const ring = { number: '+15550001111', hold: HOLD, ringS: 20, isWarm: true };

test('staff hears who calls and about what, and is asked for a key', async () => {
  const turns = [
    caller('Hello there.'),
    caller('The cake that I ordered for Saturday is the wrong one.'),
    caller('A person please!'),
  ];
  carrier.door.view = { ...carrier.door.view, state: 'dialing', about: 'wrong cake', turns };
  const { status, body } = await carrier.post(`/voice/whisper?h=${HOLD}`, line());
  expect(status).toBe(200);
  expect(said(body)).toEqual([
    'A call for Mangy Dog Coffee from 1 5 5 5 3 3 3 4 4 4 4.',
    'It is about: wrong cake; the caller said: The cake that I ordered for Saturday is the wrong one.',
    'Press 1 to take the call, or 2 to decline.',
  ]);
  expect(parseTwiml(body, null).verbs[0]?.attributes).toEqual({
    action: `${PUBLIC_URL}/voice/whisper?h=${HOLD}&r=1${RETRY}`,
    method: 'POST',
    numDigits: '1',
    timeout: '5',
    actionOnEmptyResult: 'true',
  });
});

test('a number that is not shown is not read out, and nothing is made up about the call', async () => {
  carrier.door.view = { ...carrier.door.view, from: 'anonymous', about: 'key pressed', turns: [caller('Hi.')] };
  expect(said((await carrier.post(`/voice/whisper?h=${HOLD}`, line())).body)).toEqual([
    'A call for Mangy Dog Coffee from a number that is not shown.',
    'Press 1 to take the call, or 2 to decline.',
  ]);
});

test('the key puts the caller through; another one, or none twice, does not', async () => {
  const post = (round: number, digits: string) =>
    carrier.post(`/voice/whisper?h=${HOLD}&r=${round}`, line({ Digits: digits }));
  expect((await post(1, '1')).verbs).toEqual([]);
  expect((await post(2, '1')).verbs).toEqual([]);
  expect((await post(1, '2')).verbs).toEqual(['Hangup']);
  expect((await post(1, '')).verbs).toEqual(['Gather']);
  expect((await post(2, '')).verbs).toEqual(['Hangup']);
  expect(carrier.desk).toEqual([`accepted ${CALL_SID} ${HOLD}`, `accepted ${CALL_SID} ${HOLD}`]);
});

test('a line that belongs to no call, or to one that is over, is ended', async () => {
  expect((await carrier.post('/voice/whisper', line())).verbs).toEqual(['Hangup']);
  expect((await carrier.post(`/voice/whisper?h=${HOLD}`, line({ ParentCallSid: 'x' }))).verbs).toEqual(['Hangup']);
  expect((await carrier.post(`/voice/whisper?h=${HOLD}`, line({ CallStatus: 'completed' }))).verbs).toEqual([]);
  expect(carrier.desk).toEqual([]);
});

test('the end of the line to staff is told to the desk, and is no news of the call itself', async () => {
  const ended = line({ CallStatus: 'completed', CallDuration: '60' });
  expect((await carrier.post(`/voice/status?h=${HOLD}`, ended)).status).toBe(204);
  for (const CallStatus of ['ringing', 'no-answer', 'busy', 'canceled'])
    expect((await carrier.post(`/voice/status?h=${HOLD}`, line({ CallStatus }))).status).toBe(204);
  expect(carrier.desk).toEqual([`hungUp ${CALL_SID} ${HOLD}`]);
  expect(carrier.door.told).toEqual([]);
});

test('a call that is put through asks for somebody once it is known for what, and waits only if it talks', async () => {
  carrier.door.view = { ...carrier.door.view, state: 'dialing', about: 'a refund', ringing: '+15550001111' };
  carrier.staff = { kind: 'ring', ring };
  expect((await carrier.post('/voice/next')).verbs).toEqual(['Dial']);
  carrier.door.view = { ...carrier.door.view, ringing: null };
  carrier.staff = { kind: 'busy', place: 2 };
  const { verbs, body } = await carrier.post('/voice/menu', { Digits: '0' });
  expect(verbs).toEqual(['Say', 'Redirect']);
  expect(body).toContain('number 2 in line');
  expect(carrier.desk).toEqual(['ring +15550001111 a refund', 'ring null null']);
});

test.each(['recording', 'hangingUp', 'menu'] as const)(
  'a call that goes to %s waits for staff no more',
  async (state) => {
    carrier.door.view = { ...carrier.door.view, state };
    await carrier.post('/voice/next');
    expect(carrier.desk).toEqual(['leave']);
  },
);

test.each([
  ['busy', 'false', 'busy'],
  ['no-answer', 'false', 'no-answer'],
  ['failed', 'false', 'failed'],
  ['completed', 'false', 'declined'],
])('%s, bridged: %s: the next one is rung, without a place for a stream', async (status, bridged, result) => {
  carrier.door.view = { ...carrier.door.view, state: 'dialing' };
  carrier.nextRing = { ...ring, number: '+15550002222', hold: '9' };
  const { body } = await carrier.post(`/voice/dial-result?h=${HOLD}`, { DialCallStatus: status, DialBridged: bridged });
  expect(body).toContain('>+15550002222</Number>');
  expect(body).toContain('/voice/whisper?h=9#');
  expect(carrier.desk).toEqual([`next ${HOLD} ${result}`]);
  expect(carrier.door.asked.map(({ fact }) => fact)).toEqual([
    { type: 'carrier.dialEnded', result, durationS: 0, next: '+15550002222' },
  ]);
  expect(carrier.admission).toEqual([]);
});

test('who was told the place in line is back in the conversation, and waits there', async () => {
  await carrier.post('/voice/dial-result?w=1');
  expect(carrier.door.asked.map(({ fact }) => fact)).toEqual([
    { type: 'carrier.dialEnded', result: 'failed', durationS: 0, waits: true },
  ]);
});

test('nobody else is free: the caller is back in the conversation', async () => {
  const { verbs } = await carrier.post(`/voice/dial-result?h=${HOLD}`, {
    DialCallStatus: 'completed',
    DialBridged: 'false',
  });
  expect(verbs).toEqual(['Connect']);
  expect(carrier.admission).toEqual([`reserve live ${CALL_SID}`]);
  expect(carrier.door.asked.map(({ fact }) => fact)).toEqual([
    { type: 'carrier.dialEnded', result: 'declined', durationS: 0 },
  ]);
});

test('who talked, or whose caller hung up, ends the hold and rings nobody', async () => {
  carrier.door.view = { ...carrier.door.view, state: 'hangingUp' };
  const talked = { DialCallStatus: 'completed', DialBridged: 'true', DialCallDuration: '64' };
  expect((await carrier.post(`/voice/dial-result?h=${HOLD}`, talked)).verbs).toEqual(['Say', 'Hangup']);
  await carrier.post(`/voice/dial-result?h=${HOLD}`, { DialCallStatus: 'no-answer', CallStatus: 'completed' });
  await carrier.post('/voice/dial-result', { DialCallStatus: 'busy' });
  expect(carrier.desk.filter((what) => what !== 'leave')).toEqual([
    `ended ${HOLD} completed`,
    `ended ${HOLD} canceled`,
  ]);
});

test('a supervisor who takes over is rung alone, hears who calls and accepts by key; nobody of the staff is asked', async () => {
  carrier.door.view = { ...carrier.door.view, state: 'dialing', ringing: '+15550007777', supervisor: 'Kim' };
  const { body, verbs } = await carrier.post('/voice/next');
  expect(verbs).toEqual(['Dial']);
  expect(body).toContain('>+15550007777</Number>');
  expect(body).toContain('/voice/whisper?h=supervisor#');
  expect(said((await carrier.post('/voice/whisper?h=supervisor', line())).body)).toEqual([
    'A call for Mangy Dog Coffee from 1 5 5 5 3 3 3 4 4 4 4.',
    'Press 1 to take the call, or 2 to decline.',
  ]);
  const press = (digits: string) => carrier.post('/voice/whisper?h=supervisor&r=1', line({ Digits: digits }));
  expect((await press('2')).verbs).toEqual(['Hangup']);
  expect((await press('1')).verbs).toEqual([]);
  carrier.door.view = { ...carrier.door.view, state: 'conversation', supervisor: null };
  expect((await press('1')).verbs).toEqual(['Hangup']);
  // Who was kept of the staff is not needed any more.
  expect(carrier.desk).toEqual(['leave']);
});

test('a supervisor who does not answer is nobody of the staff: nobody else is rung, and the assistant has the caller again', async () => {
  const { verbs } = await carrier.post('/voice/dial-result?h=supervisor', {
    DialCallStatus: 'no-answer',
    DialBridged: 'false',
  });
  expect(verbs).toEqual(['Connect']);
  expect(carrier.door.asked.map(({ fact }) => fact)).toEqual([
    { type: 'carrier.dialEnded', result: 'no-answer', durationS: 0 },
  ]);
  expect((await carrier.post('/voice/status?h=supervisor', line({ CallStatus: 'completed' }))).status).toBe(204);
  expect(carrier.desk.filter((what) => what !== 'leave')).toEqual([]);
});
