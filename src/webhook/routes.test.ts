import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkToken } from '../placement/token.ts';
import { traceOf } from '../telemetry/trace-ids.ts';
import { CALL_SID, NOW, SECRET, startCarrier, type Carrier } from './carrier.fixture.ts';

let carrier: Carrier;
beforeEach(async () => {
  carrier = await startCarrier();
});
afterEach(async () => {
  await carrier.close();
});

const DOCUMENTS = ['/voice', '/voice/next', '/voice/dial-result', '/voice/voicemail', '/voice/menu'];
const recordingSid = `RE${'b2'.repeat(16)}`;
const streamSid = `MZ${'c3'.repeat(16)}`;
const RECORDING = {
  RecordingSid: recordingSid,
  RecordingUrl: `https://api.example.com/${recordingSid}`,
  RecordingDuration: '12',
  Digits: '#',
};

async function counted(name: 'apologies' | 'refusals' | 'faults'): Promise<Record<string, number>> {
  const { values } = await carrier.metrics[name].get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(Object.values(labels)[0]), value]));
}

describe('a call arrives', () => {
  it('is handed to the door and answered with the stream of the place that was reserved', async () => {
    const reply = await carrier.post(
      '/voice',
      { CallStatus: 'ringing' },
      { headers: { 'I-Twilio-Idempotency-Token': 'idem-1' } },
    );
    expect(reply).toMatchObject({ status: 200, type: 'text/xml; charset=utf-8', verbs: ['Connect'] });
    expect(reply.body).toContain('url="wss://voice.example.com/media-stream" name="openai-bridge"');
    expect(carrier.door.asked).toEqual([
      {
        callSid: CALL_SID,
        idempotencyToken: 'idem-1',
        kind: 'arrive',
        fact: {
          type: 'carrier.arrived',
          from: '+15553334444',
          to: '+15559990000',
          node: '',
          lastsMsMax: 1_800_000,
          language: 'en',
        },
      },
    ]);
    expect(carrier.admission).toEqual([`reserve new ${CALL_SID}`]);
    const token = /name="token" value="([^"]+)"/.exec(reply.body)?.[1] ?? '';
    expect(checkToken(token, CALL_SID, NOW, SECRET)).toEqual({ ok: true, epoch: 7 });
    expect(carrier.lines).toEqual([]);
  });

  it('gives a repeat the same bytes, and keeps its place', async () => {
    const again = { headers: { 'I-Twilio-Idempotency-Token': 'idem-1' } };
    const first = await carrier.post('/voice', {}, again);
    carrier.door.view = { ...carrier.door.view, epoch: 8 };
    expect(await carrier.post('/voice', {}, again)).toEqual(first);
    expect(carrier.admission).toEqual([`reserve new ${CALL_SID}`, `reserve new ${CALL_SID}`]);
  });

  it('gives the place back where the answer is no stream, and has no session made ready for it', async () => {
    carrier.place = { ok: true, mediaUrl: 'wss://n2.example/media-stream', node: { node: 'n2', incarnation: 'i2' } };
    carrier.door.view = { ...carrier.door.view, state: 'dialing' };
    expect((await carrier.post('/voice/next')).verbs).toEqual(['Dial']);
    expect(carrier.admission).toEqual([`reserve live ${CALL_SID}`, `release ${CALL_SID}`]);
  });

  it('has a session made ready where a conversation goes on', async () => {
    carrier.place = { ok: true, mediaUrl: 'wss://n2.example/media-stream', node: { node: 'n2', incarnation: 'i2' } };
    expect((await carrier.post('/voice/next')).verbs).toEqual(['Connect']);
    expect(carrier.admission).toEqual([`reserve live ${CALL_SID}`, `warm ${CALL_SID} n2`]);
  });

  it('takes withheld and odd callers', async () => {
    for (const From of [
      'anonymous',
      '',
      'sip:jo@example.com',
      'client:jo',
      `+${'1'.repeat(3_000)}`,
      'Ünïcode & <xml>',
    ]) {
      expect((await carrier.post('/voice', { From })).verbs).toEqual(['Connect']);
    }
    expect(carrier.door.asked.map(({ fact }) => (fact.type === 'carrier.arrived' ? fact.from.length : -1))).toEqual([
      9, 0, 18, 9, 256, 15,
    ]);
  });
});

describe('the facts of each webhook', () => {
  it.each([
    ['/voice/next', {}, 'next', { type: 'carrier.nextAsked', intent: null, breaks: 0 }, 'live'],
    [
      '/voice/dial-result',
      { DialCallStatus: 'no-answer' },
      'dialResult',
      { type: 'carrier.dialEnded', result: 'no-answer', durationS: 0 },
      'live',
    ],
    [
      '/voice/dial-result',
      { DialCallStatus: 'completed', DialCallDuration: '64' },
      'dialResult',
      { type: 'carrier.dialEnded', result: 'completed', durationS: 64 },
      null,
    ],
    ['/voice/dial-result', {}, 'dialResult', { type: 'carrier.dialEnded', result: 'failed', durationS: 0 }, 'live'],
    [
      '/voice/voicemail',
      RECORDING,
      'voicemail',
      {
        type: 'carrier.recordEnded',
        recordingSid,
        recordingUrl: RECORDING.RecordingUrl,
        durationS: 12,
        digits: '#',
        review: true,
      },
      null,
    ],
    ['/voice/voicemail', {}, 'voicemail', { type: 'carrier.nextAsked', intent: null, breaks: 0 }, null],
    [
      '/voice/voicemail?tries=2',
      {},
      'voicemail',
      { type: 'carrier.recordEnded', recordingSid: '', recordingUrl: '', durationS: 0, digits: '' },
      null,
    ],
    ['/voice/voicemail?review=1', { Digits: '1' }, 'voicemail', { type: 'carrier.reviewed', choice: 'keep' }, null],
    ['/voice/voicemail?review=2', { Digits: '2' }, 'voicemail', { type: 'carrier.reviewed', choice: 'again' }, null],
    ['/voice/voicemail?review=1', { Digits: '0' }, 'voicemail', { type: 'carrier.reviewed', choice: 'person' }, null],
    ['/voice/voicemail?review=1', { Digits: '*' }, 'voicemail', { type: 'carrier.reviewed', choice: 'person' }, null],
    ['/voice/voicemail?review=2', {}, 'voicemail', { type: 'carrier.reviewed', choice: 'keep' }, null],
    ['/voice/voicemail?review=1', {}, 'voicemail', { type: 'carrier.nextAsked', intent: null, breaks: 0 }, null],
    [
      '/voice/voicemail?review=1',
      { Digits: '7' },
      'voicemail',
      { type: 'carrier.nextAsked', intent: null, breaks: 0 },
      null,
    ],
    ['/voice/menu', { Digits: '12' }, 'menu', { type: 'carrier.menuChosen', digits: '1' }, null],
    ['/voice/menu', { Digits: '6' }, 'menu', { type: 'carrier.menuChosen', digits: '6' }, null],
    ['/voice/menu', { Digits: '*' }, 'menu', { type: 'carrier.menuChosen', digits: '*' }, null],
    ['/voice/menu', { Digits: '7' }, 'menu', { type: 'carrier.menuChosen', digits: '?' }, null],
    ['/voice/menu', { Digits: '#' }, 'menu', { type: 'carrier.menuChosen', digits: '?' }, null],
    ['/voice/menu', {}, 'menu', { type: 'carrier.menuChosen', digits: '' }, null],
  ])('%s %j', async (path, params, kind, fact, held) => {
    carrier.door.view = { ...carrier.door.view, state: 'hangingUp' };
    expect((await carrier.post(path, params)).verbs.at(-1)).toBe('Hangup');
    expect(carrier.door.asked).toEqual([{ callSid: CALL_SID, idempotencyToken: null, kind, fact }]);
    expect(carrier.admission).toEqual(held ? [`reserve ${held} ${CALL_SID}`, `release ${CALL_SID}`] : []);
  });
});

describe('final statuses', () => {
  it.each(DOCUMENTS)('%s folds the end, answers an empty document and reserves nothing', async (path) => {
    for (const CallStatus of ['completed', 'busy', 'failed', 'no-answer', 'canceled']) {
      expect(await carrier.post(path, { CallStatus, CallDuration: '61', SequenceNumber: '3' })).toMatchObject({
        status: 200,
        verbs: [],
      });
      expect(carrier.door.told.at(-1)).toEqual([
        CALL_SID,
        { type: 'carrier.statusReported', status: CallStatus, durationS: 61, sequence: 3 },
      ]);
    }
    expect([carrier.door.asked, carrier.admission]).toEqual([[], []]);
  });

  it('keeps the message of a caller who hung up, and the end of a transfer, before the end', async () => {
    await carrier.post('/voice/voicemail', { ...RECORDING, Digits: 'hangup', CallStatus: 'completed' });
    await carrier.post('/voice/dial-result', {
      DialCallStatus: 'completed',
      DialCallDuration: '9',
      CallStatus: 'completed',
    });
    expect(carrier.door.told.map(([, fact]) => fact.type)).toEqual([
      'carrier.recordEnded',
      'carrier.statusReported',
      'carrier.dialEnded',
      'carrier.statusReported',
    ]);
  });

  it('answers even where nothing can be folded', async () => {
    carrier.door.throws = 'at once';
    expect(await carrier.post('/voice/next', { CallStatus: 'completed' })).toMatchObject({ status: 200, verbs: [] });
    expect(await carrier.post('/voice/fallback', { CallStatus: 'completed' })).toMatchObject({
      status: 200,
      verbs: [],
    });
  });
});

describe('one-way callbacks', () => {
  it("tell the status in the carrier's own word, with duration and order", async () => {
    for (const [params, fact] of [
      [
        { CallStatus: 'completed', CallDuration: '131', Duration: '3', SequenceNumber: '0' },
        { status: 'completed', durationS: 131, sequence: 0 },
      ],
      [{ CallStatus: 'no-answer' }, { status: 'no-answer', durationS: null, sequence: null }],
      [
        { CallStatus: 'in-progress', CallDuration: 'x', SequenceNumber: '-1' },
        { status: 'in-progress', durationS: null, sequence: null },
      ],
    ] as const) {
      expect(await carrier.post('/voice/status', params)).toMatchObject({ status: 204, body: '' });
      expect(carrier.door.told.at(-1)).toEqual([CALL_SID, { type: 'carrier.statusReported', ...fact }]);
    }
  });

  it('tell the end of a stream, and keep its begin and errors to the log', async () => {
    for (const StreamEvent of ['stream-started', 'stream-error', 'stream-stopped', 'stream-new']) {
      expect(
        (await carrier.post('/voice/stream-status', { StreamSid: streamSid, StreamEvent, StreamError: '31921' }))
          .status,
      ).toBe(204);
    }
    expect(carrier.door.told).toEqual([[CALL_SID, { type: 'carrier.streamStopped', streamSid, reason: 'stopped' }]]);
    expect(carrier.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: 'warn',
        time: expect.any(String),
        callSid: CALL_SID,
        traceId: traceOf(CALL_SID).traceId,
        streamSid,
        reason: '31921',
        msg: 'the carrier reports a stream error',
      },
    ]);
  });

  it('tell that a recording is ready', async () => {
    expect(
      (await carrier.post('/voice/recording', { ...RECORDING, RecordingStatus: 'completed', CallStatus: '' })).status,
    ).toBe(204);
    expect(carrier.door.told).toEqual([
      [
        CALL_SID,
        {
          type: 'carrier.recordingReady',
          recordingSid,
          recordingUrl: RECORDING.RecordingUrl,
          durationS: 12,
          status: 'completed',
        },
      ],
    ]);
  });

  it('are told again by the carrier where nobody could take them', async () => {
    carrier.door.telling = 'unavailable';
    expect((await carrier.post('/voice/status')).status).toBe(503);
    carrier.door.telling = 'taken';
    carrier.door.throws = 'later';
    expect((await carrier.post('/voice/status')).status).toBe(503);
    carrier.door.throws = null;
    for (const refusal of ['unknown', 'ended'] as const) {
      carrier.door.telling = refusal;
      expect((await carrier.post('/voice/status')).status).toBe(204);
    }
  });

  it.each([
    ['completed', [`ended ${CALL_SID} +15553334444`]],
    ['in-progress', []],
  ])('the status %s gives back: %j', async (CallStatus, admission) => {
    await carrier.post('/voice/status', { CallStatus });
    expect(carrier.admission).toEqual(admission);
  });

  it.each([
    ['/voice/status', { CallStatus: '' }],
    ['/voice/status', { CallStatus: 'Completed!' }],
    ['/voice/stream-status', { StreamSid: 'MZ1' }],
    ['/voice/recording', { ...RECORDING, RecordingSid: '../x', RecordingStatus: 'completed' }],
    ['/voice/recording', { ...RECORDING, RecordingUrl: 'nowhere', RecordingStatus: 'completed' }],
    ['/voice/recording', RECORDING],
  ])('%s refuses %j', async (path, params) => {
    expect((await carrier.post(path, params)).status).toBe(400);
    expect([carrier.door.told, await counted('refusals')]).toEqual([[], { callback: 1 }]);
  });
});

describe('who is not let in', () => {
  it.each([
    ['tooMany', 'many calls from your number'],
    ['closed', 'we cannot take your call right now'],
  ] as const)('%s: a sentence, and a message is taken', async (reason, words) => {
    carrier.place = { ok: false, reason };
    carrier.door.view = { ...carrier.door.view, state: 'recording' };
    const { body } = await carrier.post('/voice');
    expect(body).toContain(words);
    expect(body).toMatch(/<Say>Please leave a message[^<]*<\/Say><Record /);
    expect(carrier.door.asked).toMatchObject([
      { kind: 'arrive', fact: { type: 'carrier.arrived', rung: 'voicemail' } },
    ]);
    expect(await counted('refusals')).toEqual({ [reason]: 1 });
  });
});

describe('when the call cannot be taken', () => {
  const apology = { status: 200, verbs: ['Say', 'Say', 'Dial'] };

  it.each(['unknown', 'unavailable', 'ended'] as const)(
    'the door refuses (%s): a sentence and a way on',
    async (refusal) => {
      carrier.door.refuses = refusal;
      expect(await carrier.post('/voice')).toMatchObject(
        refusal === 'ended' ? { status: 200, verbs: ['Say', 'Hangup'] } : apology,
      );
      expect(await counted('apologies')).toEqual({ [refusal]: 1 });
      expect(carrier.admission.at(-1)).toBe(`release ${CALL_SID}`);
    },
  );

  it('the door throws, rejects or does not answer: the same', async () => {
    carrier.door.throws = 'at once';
    expect(await carrier.post('/voice')).toMatchObject(apology);
    carrier.door.throws = 'later';
    expect(await carrier.post('/voice')).toMatchObject(apology);
    carrier.door.throws = null;
    carrier.door.hangs = true;
    expect(await carrier.post('/voice')).toMatchObject(apology);
    expect([await counted('apologies'), await counted('faults')]).toEqual([{ threw: 2, late: 1 }, { webhook: 2 }]);
  });

  it('no place is to be had: the call is known, and its caller told', async () => {
    carrier.place = { ok: false, reason: 'full' };
    const reply = await carrier.post('/voice');
    expect(reply).toMatchObject(apology);
    expect(reply.body).toContain('all our lines are busy');
    carrier.place = new Error('placement rejects');
    expect(await carrier.post('/voice')).toMatchObject(apology);
    expect([carrier.door.asked.length, await counted('refusals')]).toEqual([2, { full: 1, threw: 1 }]);
    expect(carrier.admission).toEqual([`reserve new ${CALL_SID}`, `reserve new ${CALL_SID}`]);
  });

  it('the store is not known: still a sentence, then a message', async () => {
    carrier.facts = () => {
      throw new Error('no facts');
    };
    carrier.door.refuses = 'unavailable';
    expect(await carrier.post('/voice')).toMatchObject({ status: 200, verbs: ['Say', 'Say', 'Record', 'Redirect'] });
  });

  it('the next document is put off, at most eight times', async () => {
    carrier.door.refuses = 'unavailable';
    let target = '/voice/next';
    let puttingOff = 0;
    for (;;) {
      const { verbs, body } = await carrier.post(target);
      if (verbs.includes('Dial')) break;
      expect(verbs).toEqual(['Pause', 'Redirect']);
      target = new URL(/<Redirect[^>]*>([^<#]+)/.exec(body)?.[1] ?? '').href.replace('https://voice.example.com', '');
      expect(target).toBe(`/voice/next?n=${(puttingOff += 1)}`);
    }
    expect(puttingOff).toBe(8);
  });

  it('the carrier falls back: answered without any other part', async () => {
    carrier.door.throws = 'at once';
    carrier.place = new Error('placement rejects');
    expect(
      await carrier.post('/voice/fallback', { ErrorCode: '11200', ErrorUrl: 'https://voice.example.com/voice' }),
    ).toMatchObject(apology);
    expect([carrier.door.asked, carrier.door.told, carrier.admission]).toEqual([[], [], []]);
    expect(JSON.parse(carrier.lines[0] ?? '')).toMatchObject({
      level: 'error',
      code: '11200',
      msg: 'the carrier fell back',
    });
  });
});

it('counts webhooks by route and status, and their time', async () => {
  await carrier.post('/voice');
  await carrier.post('/voice', {}, { signature: '' });
  const text = await carrier.metrics.registry.metrics();
  expect(text).toContain('aida_webhooks_total{route="/voice",status="200"} 1');
  expect(text).toContain('aida_webhooks_total{route="/voice",status="403"} 1');
  expect(text).toContain('aida_webhook_seconds_count 2');
});

it('times callbacks apart: no call waits for them', async () => {
  await carrier.post('/voice/status', { CallStatus: 'in-progress' });
  await carrier.post('/voice/next', { CallStatus: 'completed' });
  const text = await carrier.metrics.registry.metrics();
  expect(text).toContain('aida_callback_seconds_count 2');
  expect(text).toContain('aida_webhook_seconds_count 0');
});
