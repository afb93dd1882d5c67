import { afterEach, expect, test } from 'vitest';
import { joinBytes, readWav, VoiceReader, writeWav } from '../voice/index.ts';
import { spoken } from './mouth.ts';
import { ACCOUNT, asked, BASE, BYE, call, closeWorlds, rest, world } from './verbs.fixture.ts';

afterEach(closeWorlds);

test('Say is heard, Play fetches audio unsigned, the end of the document hangs up', async () => {
  const audio = joinBytes(spoken('Played line', 'line', 900).map((frame) => frame.bytes));
  const { service, twilio } = await world({
    '/voice': () => '<Response><Say>Hello</Say><Play>/line.wav</Play><Pause length="0"/></Response>',
    '/line.wav': () => ({ status: 200, type: 'audio/x-wav', body: writeWav(audio, 'mulaw') }),
  });
  const sim = call(twilio);
  await sim.done;
  expect(sim.heard().map((heard) => [heard.speaker, heard.text, heard.whole, heard.faults])).toEqual([
    ['line', 'Hello', true, 0],
    ['line', 'Played line', true, 0],
  ]);
  expect([sim.status, sim.endedBy]).toEqual(['completed', 'service']);
  expect(twilio.complaints).toEqual([]);
  const signed = service.requests.filter(({ headers }) => 'x-twilio-signature' in headers).map(({ target }) => target);
  expect([signed.includes('/voice'), signed.includes('/line.wav')]).toEqual([true, false]);
  expect(new VoiceReader().spans).toEqual([]);
  const reader = new VoiceReader();
  reader.push(sim.leg.ear.audio(sim.leg.endedMs ?? 0));
  expect(reader.text()).toBe('Hello Played line');
});

test('Reject leaves the call unanswered', async () => {
  const { twilio } = await world({ '/voice': () => '<Response><Reject reason="busy"/></Response>' });
  const sim = call(twilio);
  await sim.done;
  expect([sim.status, sim.leg.answeredMs]).toEqual(['busy', null]);
});

test('Gather: a key cuts the prompt, the digits go to the action', async () => {
  const { service, twilio } = await world({
    '/voice': () =>
      `<Response><Gather action="/done" numDigits="2" timeout="2"><Say>Press two keys after this long announcement of many words</Say></Gather></Response>`,
  });
  const sim = call(twilio);
  await sim.waitFor(() => sim.heardText().includes('two'));
  sim.press('4');
  sim.press('2');
  await sim.done;
  expect(asked(service, '/done')).toEqual([expect.objectContaining({ Digits: '42' })]);
  expect(sim.heardText()).not.toContain('words');
});

test('Gather: without a key control goes to the next verb', async () => {
  const { service, twilio } = await world({
    '/voice': () => '<Response><Gather action="/done" timeout="0"><Say>Now</Say></Gather><Say>Nothing</Say></Response>',
  });
  const sim = call(twilio);
  await sim.done;
  expect(asked(service, '/done')).toEqual([]);
  expect(sim.heardText()).toBe('Now Nothing');
});

test('Record: the words are kept, fetched with authentication when they are processed, and deleted', async () => {
  const { service, twilio } = await world(
    {
      '/voice': () =>
        `<Response><Say>After the tone</Say><Record action="/done" maxLength="20" timeout="3" finishOnKey="#" recordingStatusCallback="${BASE}/cb"/></Response>`,
    },
    { recordingDelayMs: 150 },
  );
  const sim = call(twilio);
  await sim.waitFor(() => sim.leg.sink !== null);
  const speech = sim.speak('Please call me back');
  await sim.waitFor(() => speech.endMs !== null);
  sim.press('#');
  await sim.waitFor(() => asked(service, '/done').length === 1);
  const [params] = asked(service, '/done');
  expect(params).toMatchObject({
    Digits: '#',
    RecordingUrl: expect.stringMatching(/\/Recordings\/RE[0-9a-f]{32}$/),
    RecordingDuration: expect.stringMatching(/^[1-9]/),
  });
  const path = `/Recordings/${params?.['RecordingSid']}`;
  expect((await rest(twilio, `${path}.wav`)).status).toBe(404);
  await sim.done;
  expect(asked(service, '/cb')).toEqual([
    expect.objectContaining({ RecordingStatus: 'completed', RecordingChannels: '1', RecordingSource: 'RecordVerb' }),
  ]);
  expect((await fetch(`${twilio.apiUrl}/2010-04-01/Accounts/${ACCOUNT}${path}.wav`)).status).toBe(401);
  const file = await rest(twilio, `${path}.wav`);
  const reader = new VoiceReader();
  reader.push(readWav(new Uint8Array(await file.arrayBuffer())));
  expect(file.headers.get('content-type')).toBe('audio/x-wav');
  expect(sim.said.map((said) => said.text)).toEqual(['Please call me back']);
  const mp3 = new Uint8Array(await (await rest(twilio, `${path}.mp3`)).arrayBuffer());
  expect([...mp3.subarray(0, 2)]).toEqual([0xff, 0xe3]);
  expect((await rest(twilio, path, undefined, 'DELETE')).status).toBe(204);
  expect((await rest(twilio, `${path}.wav`)).status).toBe(404);
});

test('Record: silence alone goes on with the next verb, a hang-up asks the action', async () => {
  const { service, twilio } = await world({
    '/voice': () =>
      '<Response><Record action="/done" timeout="1" playBeep="false"/><Say>I heard nothing</Say></Response>',
  });
  const silent = call(twilio);
  await silent.done;
  expect(silent.heardText()).toBe('I heard nothing');
  expect(asked(service, '/done')).toEqual([]);
  const sim = call(twilio);
  await sim.waitFor(() => sim.leg.sink !== null);
  const speech = sim.speak('Hm');
  await sim.waitFor(() => speech.endMs !== null);
  sim.hangUp();
  await sim.done;
  expect(asked(service, '/done')).toEqual([expect.objectContaining({ Digits: 'hangup', CallStatus: 'completed' })]);
});

const DIAL = `<Response><Dial action="/done" timeout="2"><Number url="/whisper" statusCallback="${BASE}/cb" statusCallbackEvent="initiated ringing answered completed">+15559990000</Number></Dial></Response>`;

test('Dial: staff hears the whisper, accepts, talks with the caller', async () => {
  const { service, twilio } = await world(
    {
      '/voice': () => DIAL,
      '/whisper': () =>
        '<Response><Gather action="/accepted" numDigits="1"><Say>Press one</Say></Gather><Hangup/></Response>',
      '/accepted': () => BYE,
    },
    { callbackDelayMsMax: 20 },
    { '+15559990000': { result: 'answers', afterS: 0.1, presses: '1', says: ['This is Bea'], hangsUpAfterS: 2 } },
  );
  const sim = call(twilio);
  await sim.waitFor(() => sim.heardText().includes('Bea'));
  sim.speak('Hi Bea');
  await sim.done;
  const [child] = sim.dialed;
  // It is cut off by the key, sooner or later.
  expect(child?.ear.text(0, 'line')).toMatch(/^P/);
  expect(child?.ear.text(0, 'caller')).toBe('Hi Bea');
  expect(asked(service, '/accepted')).toEqual([
    expect.objectContaining({ ParentCallSid: sim.sid, CallSid: child?.sid, Direction: 'outbound-dial', Digits: '1' }),
  ]);
  expect(asked(service, '/done')).toEqual([
    expect.objectContaining({
      DialCallStatus: 'completed',
      DialCallSid: child?.sid,
      DialBridged: 'true',
      CallStatus: 'in-progress',
    }),
  ]);
  expect(Number(asked(service, '/done')[0]?.['DialCallDuration'])).toBeGreaterThanOrEqual(2);
  const events = asked(service, '/cb')
    .toSorted((a, b) => Number(a['SequenceNumber']) - Number(b['SequenceNumber']))
    .map((params) => params['CallStatus']);
  expect(events).toEqual(['initiated', 'ringing', 'in-progress', 'completed']);
});

test.each([
  ['busy', { result: 'busy' }],
  ['failed', { result: 'failed' }],
  ['no-answer', { result: 'no-answer', afterS: 0.1 }],
] as const)('Dial: %s', async (status, staff) => {
  const { service, twilio } = await world({ '/voice': () => DIAL }, {}, { '+15559990000': staff });
  await call(twilio).done;
  const params = asked(service, '/done');
  expect(params).toEqual([expect.objectContaining({ DialCallStatus: status, DialBridged: 'false' })]);
  expect(params[0]?.['DialCallDuration']).toBeUndefined();
});

test('Dial: nobody takes the phone until the timeout; a caller who gives up cancels it', async () => {
  const { service, twilio } = await world({
    '/voice': () => '<Response><Dial action="/done" timeout="1">+15559990000</Dial></Response>',
  });
  await call(twilio).done;
  const sim = call(twilio);
  await sim.waitFor(() => sim.dialed.length === 1);
  sim.hangUp();
  await sim.done;
  expect(asked(service, '/done').map((params) => [params['DialCallStatus'], params['CallStatus']])).toEqual([
    ['no-answer', 'in-progress'],
    ['canceled', 'completed'],
  ]);
});

test('Dial: a refused whisper is completed but not bridged', async () => {
  const { service, twilio } = await world(
    { '/voice': () => DIAL, '/whisper': () => '<Response><Hangup/></Response>' },
    {},
    { '+15559990000': { result: 'answers', afterS: 0 } },
  );
  await call(twilio).done;
  expect(asked(service, '/done')).toEqual([
    expect.objectContaining({ DialCallStatus: 'completed', DialBridged: 'false' }),
  ]);
});

const ASKS =
  '<Response><Gather action="/accepted" numDigits="1" timeout="1"><Say>Press one</Say></Gather><Hangup/></Response>';

test.each([
  ['a machine: it talks, and presses nothing', { greets: 'You have reached the desk' }, []],
  ['another key', { presses: '9' }, ['9']],
  ['more keys than were asked for', { presses: '98765' }, ['9']],
  ['somebody who hangs up', { declinesAfterS: 0.1 }, []],
])('Dial: not accepted: %s', async (_, person, keys) => {
  const { service, twilio } = await world(
    { '/voice': () => DIAL, '/whisper': () => ASKS, '/accepted': () => '<Response><Hangup/></Response>' },
    {},
    { '+15559990000': { result: 'answers', afterS: 0, ...person } },
  );
  const sim = call(twilio);
  await sim.done;
  expect(asked(service, '/done')).toEqual([expect.objectContaining({ DialBridged: 'false' })]);
  expect(asked(service, '/accepted').map((params) => params['Digits'])).toEqual(keys);
  expect(sim.heardText()).toBe('');
  expect(twilio.complaints).toEqual([]);
});

test('Dial: a phone has one line: who is on a call is busy, and to ring it is a breach', async () => {
  const { service, twilio } = await world(
    { '/voice': () => DIAL.replace('url="/whisper" ', '') },
    {},
    { '+15559990000': { result: 'answers', afterS: 0, says: ['Bea'], hangsUpAfterS: 1 } },
  );
  const first = call(twilio);
  await first.waitFor(() => first.heardText().includes('Bea'));
  const second = call(twilio);
  await Promise.all([first.done, second.done]);
  expect(asked(service, '/done').map((params) => [params['CallSid'], params['DialCallStatus']])).toEqual([
    [second.sid, 'busy'],
    [first.sid, 'completed'],
  ]);
  expect(twilio.complaints).toEqual([`${second.sid}: rang into a busy line: +15559990000`]);
  await call(twilio).done;
  expect(twilio.complaints, 'free again').toHaveLength(1);
});

test('Enqueue: the wait document repeats until it leaves', async () => {
  let rounds = 0;
  const { service, twilio } = await world({
    '/voice': () => '<Response><Enqueue action="/done" waitUrl="/wait">line</Enqueue></Response>',
    '/wait': () => (rounds++ < 2 ? '<Response><Say>One moment</Say></Response>' : '<Response><Leave/></Response>'),
  });
  const sim = call(twilio);
  await sim.done;
  expect(sim.heardText()).toBe('One moment One moment');
  expect(asked(service, '/done')).toEqual([
    expect.objectContaining({ QueueResult: 'leave', QueueSid: expect.stringMatching(/^QU/) }),
  ]);
});

test('a recording in the background holds both sides', async () => {
  const { service, twilio } = await world(
    {
      '/voice': () =>
        `<Response><Start><Recording recordingStatusCallback="${BASE}/cb"/></Start><Say>We record</Say><Pause length="1"/></Response>`,
    },
    { recordingDelayMs: 0 },
  );
  await call(twilio).done;
  expect(asked(service, '/cb')).toEqual([
    expect.objectContaining({ RecordingChannels: '2', RecordingSource: 'StartCallRecordingTwiML' }),
  ]);
  const file = await rest(twilio, `/Recordings/${asked(service, '/cb')[0]?.['RecordingSid']}.wav`);
  const reader = new VoiceReader();
  reader.push(readWav(new Uint8Array(await file.arrayBuffer())));
  expect(file.status).toBe(200);
});

test('a recording in the background is paused, resumed and stopped by REST', async () => {
  const { service, twilio } = await world(
    {
      '/voice': () =>
        `<Response><Start><Recording recordingStatusCallback="${BASE}/cb"/></Start><Pause length="20"/></Response>`,
    },
    { recordingDelayMs: 0 },
  );
  const sim = call(twilio);
  await sim.waitFor((each) => each.leg.recordings.length === 1);
  const say = async (words: string) => {
    sim.speak(words, 60);
    await sim.waitFor((each) => !each.leg.mouth.speaking);
  };
  const set = async (form: Record<string, string>, sid = 'Twilio.CURRENT') =>
    (await rest(twilio, `/Calls/${sim.sid}/Recordings/${sid}.json`, form)).status;
  await say('Before.');
  expect(await set({ Status: 'paused', PauseBehavior: 'silence' })).toBe(200);
  await say('Four two four two.');
  expect(await set({ Status: 'in-progress' })).toBe(200);
  await say('After.');
  expect(await set({ Status: 'stopped' }, sim.leg.recordings[0]?.sid)).toBe(200);
  await say('Never.');
  expect([await set({ Status: 'paused' }), await set({ Status: 'gone' }, sim.leg.recordings[0]?.sid)]).toEqual([
    404, 400,
  ]);
  sim.hangUp();
  await sim.done;
  const [told, ...more] = asked(service, '/cb');
  expect(more).toEqual([]);
  const file = await rest(twilio, `/Recordings/${told?.['RecordingSid']}.wav`);
  const reader = new VoiceReader();
  reader.push(readWav(new Uint8Array(await file.arrayBuffer())));
  reader.end();
  expect(reader.text('caller')).toBe('Before. After.');
  expect(twilio.complaints).toEqual([expect.stringContaining('Status cannot be set')]);
});

test('documents that chase each other are complained about and end', async () => {
  const { twilio } = await world({ '/voice': () => '<Response><Redirect>/voice</Redirect></Response>' });
  const sim = call(twilio);
  await sim.done;
  expect(twilio.complaints).toEqual([expect.stringContaining('a loop')]);
  expect(sim.ended).toBe(true);
});

test('Dial: only the call’s own numbers may be shown to staff', async () => {
  const { twilio } = await world({
    '/voice': () => '<Response><Dial action="/done" callerId="+15557770000" timeout="0">+15559990000</Dial></Response>',
  });
  await call(twilio).done;
  expect(twilio.complaints).toEqual([expect.stringContaining('13214')]);
});
