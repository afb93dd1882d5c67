import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkToken } from '../placement/token.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { CALL_SID, NOW, SECRET, startCarrier, WAITING, type Carrier, type Reply } from './carrier.fixture.ts';
import { readWait } from './wait-state.ts';

let carrier: Carrier;
beforeEach(async () => {
  carrier = await startCarrier();
  carrier.place = { ok: false, reason: 'full' };
  carrier.door.view = { ...carrier.door.view, state: 'waiting' };
});
afterEach(() => carrier.close());

const RETRY = '#ct=1000&rt=2500&rc=3&rp=all';
const PLACED = { kind: 'placed', mediaUrl: 'wss://node-2.example.com/media-stream' } as const;

function gatherOf({ body }: Reply) {
  const [gather] = parseTwiml(body, null).verbs;
  if (gather?.name !== 'Gather') throw new Error(`no Gather: ${body}`);
  const url = new URL(gather.attributes['action'] ?? '');
  return {
    attributes: gather.attributes,
    said: gather.children.filter(({ name }) => name === 'Say').map(({ text }) => text),
    played: gather.children.filter(({ name }) => name === 'Play').map(({ text }) => text),
    target: url.pathname + url.search,
    wait: readWait(url.searchParams, carrier.now),
  };
}

async function values(name: 'waitsEnded' | 'refusals' | 'apologies'): Promise<Record<string, number>> {
  const read = await carrier.metrics[name].get();
  return Object.fromEntries(read.values.map(({ labels, value }) => [String(Object.values(labels)[0]), value]));
}

/** Arrives, and gives the target of the first poll. */
async function joined(): Promise<string> {
  const { target } = gatherOf(await carrier.post('/voice'));
  carrier.door.asked.length = 0;
  carrier.line.length = 0;
  carrier.admission.length = 0;
  return target;
}

describe('a call that finds no place', () => {
  it.each(['full', 'queued'] as const)('joins the line (%s) and hears where it stands', async (reason) => {
    carrier.place = { ok: false, reason };
    const reply = await carrier.post('/voice');
    const { attributes, said, played, wait } = gatherOf(reply);
    expect(reply.verbs).toEqual(['Gather']);
    expect(attributes).toMatchObject({ method: 'POST', numDigits: '1', timeout: '1', actionOnEmptyResult: 'true' });
    expect(attributes['action']?.startsWith('https://voice.example.com/voice/wait?t=')).toBe(true);
    expect(attributes['action']?.endsWith(RETRY)).toBe(true);
    expect(said.slice(0, 1)).toEqual(['Thank you for calling Mangy Dog Coffee.']);
    for (const url of played) expect((await fetch(carrier.origin + new URL(url).pathname)).status).toBe(200);
    expect(wait).toMatchObject({ ticket: NOW, kind: 'new', joinedAt: NOW, round: 1 });
    expect(carrier.line).toEqual([`stand new 0 ${CALL_SID}`]);
    expect(carrier.door.asked).toMatchObject([{ kind: 'arrive', fact: { type: 'carrier.arrived', queued: true } }]);
    expect(carrier.admission).toEqual([`reserve new ${CALL_SID}`]);
  });

  it.each([
    ['menu', 'menu', 'Gather', 'Our assistant is not available at the moment.'],
    ['voicemail', 'recording', 'Record', 'nobody could take your call right now'],
    ['staff', 'dialing', 'Dial', 'connect you with our staff'],
  ] as const)('goes to the %s where new callers do by now', async (rung, state, verb, words) => {
    const target = await joined();
    carrier.standing = { kind: 'aside', rung };
    carrier.door.view = { ...carrier.door.view, state };
    const reply = await carrier.post(target);
    expect([reply.verbs.includes(verb), reply.body.includes(words)]).toEqual([true, true]);
    const how = rung === 'staff' ? 'person' : rung;
    expect(carrier.door.asked).toMatchObject([{ kind: 'wait', fact: { type: 'carrier.waitEnded', how } }]);
    expect(carrier.line.at(-1)).toBe(`leave ${CALL_SID}`);
  });

  it('a conversation that goes on joins as one', async () => {
    const { wait } = gatherOf(await carrier.post('/voice/next'));
    expect([carrier.line, wait.kind]).toEqual([[`stand live 0 ${CALL_SID}`], 'live']);
    expect(carrier.door.asked).toMatchObject([{ kind: 'next', fact: { type: 'carrier.nextAsked', queued: true } }]);
  });

  it('leaves the line where its answer is something else', async () => {
    carrier.door.view = { ...carrier.door.view, state: 'dialing' };
    expect((await carrier.post('/voice/next')).verbs).toEqual(['Dial']);
    expect(carrier.line).toEqual([`stand live 0 ${CALL_SID}`, `leave ${CALL_SID}`]);
  });

  it('is told so where the line takes nobody more', async () => {
    carrier.standing = { kind: 'full' };
    carrier.door.view = { ...carrier.door.view, state: 'ringing' };
    const reply = await carrier.post('/voice');
    expect(reply.verbs).toEqual(['Say', 'Say', 'Dial']);
    expect(reply.body).toContain('all our lines are busy');
    expect(carrier.door.asked).toMatchObject([{ fact: { type: 'carrier.arrived' } }]);
    expect(carrier.door.asked[0]?.fact).not.toHaveProperty('queued');
  });

  it.each([{ kind: 'away' } as const, new Error('line rejects')])(
    'waits without a ticket where the line is %s',
    async (standing) => {
      carrier.standing = standing;
      const { said, wait, target } = gatherOf(await carrier.post('/voice'));
      expect([said, wait.ticket]).toEqual([[], 0]);
      carrier.standing = WAITING;
      expect(gatherOf(await carrier.post(target)).wait.ticket).toBe(NOW);
      expect(carrier.line).toEqual([`stand new 0 ${CALL_SID}`, `stand new 0 ${CALL_SID}`]);
    },
  );

  it('a repeat gets the same bytes and keeps its place in line', async () => {
    const again = { headers: { 'I-Twilio-Idempotency-Token': 'idem-1' } };
    const first = await carrier.post('/voice', {}, again);
    carrier.now += 1_000;
    expect(await carrier.post('/voice', {}, again)).toEqual(first);
    expect(carrier.line).toEqual([`stand new 0 ${CALL_SID}`, `stand new 0 ${CALL_SID}`]);
  });

  it('a blocked number is not taken, and nothing is journaled', async () => {
    carrier.place = { ok: false, reason: 'blocked' };
    expect((await carrier.post('/voice')).verbs).toEqual(['Reject']);
    expect([carrier.door.asked, carrier.line, await values('refusals')]).toEqual([[], [], { blocked: 1 }]);
  });

  it('begins at its rung where the assistant takes nobody', async () => {
    carrier.place = { ok: false, reason: 'rung', rung: 'menu' };
    carrier.door.view = { ...carrier.door.view, state: 'menu' };
    const { said } = gatherOf(await carrier.post('/voice'));
    expect(said[1]).toBe('Our assistant is not available at the moment.');
    expect(carrier.door.asked).toMatchObject([{ fact: { type: 'carrier.arrived', rung: 'menu' } }]);
  });

  it('who was called back does not wait behind those who were not', async () => {
    await carrier.post('/voice', { Direction: 'outbound-api', From: '+15559990000', To: '+15553334444' });
    expect(carrier.admission).toEqual([`reserve live ${CALL_SID}`]);
    expect(carrier.door.asked).toMatchObject([{ fact: { from: '+15553334444', to: '+15559990000' } }]);
  });

  it('a call that we placed is named with what it was asked for in, when it is answered and when it is over', async () => {
    const outbound = { Direction: 'outbound-api', CallStatus: 'in-progress' };
    await carrier.post('/voice?asked=CA7', outbound);
    await carrier.post('/voice/next', outbound);
    await carrier.post('/voice/status?asked=CA7', { ...outbound, CallStatus: 'completed' });
    await carrier.post('/voice/status', { CallStatus: 'completed' });
    const news = { asked: 'CA7', callSid: CALL_SID };
    expect(carrier.placed).toEqual([
      { ...news, status: 'in-progress' },
      { ...news, status: 'completed' },
    ]);
  });
});

describe('/voice/wait', () => {
  it('polls without claiming the call, and goes on with what was said', async () => {
    let target = await joined();
    const heard: string[] = [];
    for (let polls = 0; polls < 6; polls += 1) {
      carrier.now += 5_000;
      const { said, ...next } = gatherOf(await carrier.post(target, { Digits: '' }));
      heard.push(...said);
      target = next.target;
    }
    expect(heard).toEqual(
      [
        'You are number 3 in line.',
        'It should take about 2 minutes.',
        'Press 1 to leave a message.',
        'Press 2, and we will call you back within 2 hours.',
        'Press 0 to speak with our staff.',
        'Muddy Paws, through Monday.',
        'Buy two bags and get a third one free.',
      ].filter((sentence) => heard.includes(sentence)),
    );
    expect(heard.length).toBeGreaterThanOrEqual(6);
    expect(carrier.door.asked).toEqual([]);
    expect(carrier.line).toEqual(Array.from({ length: 6 }, () => `stand new ${NOW} ${CALL_SID}`));
    expect(await carrier.metrics.registry.getSingleMetricAsString('aida_positions_announced_total')).toMatch(/ 1$/);
  });

  it('a place: the wait ends as a fact, and the stream goes to the node that has it', async () => {
    const target = await joined();
    carrier.standing = PLACED;
    carrier.now += 65_000;
    carrier.door.view = { ...carrier.door.view, state: 'ringing', epoch: 9 };
    const reply = await carrier.post(target, {}, { headers: { 'I-Twilio-Idempotency-Token': 'idem-2' } });
    expect(reply.verbs).toEqual(['Connect']);
    expect(reply.body).toContain(`url="${PLACED.mediaUrl}"`);
    const token = /name="token" value="([^"]+)"/.exec(reply.body)?.[1] ?? '';
    expect(checkToken(token, CALL_SID, carrier.now, SECRET)).toEqual({ ok: true, epoch: 9 });
    expect(carrier.door.asked).toEqual([
      {
        callSid: CALL_SID,
        idempotencyToken: 'idem-2',
        kind: 'wait',
        fact: { type: 'carrier.waitEnded', how: 'placed', waitedMs: 65_000 },
      },
    ]);
    expect(await values('waitsEnded')).toEqual({ placed: 1 });
    const text = await carrier.metrics.scrape();
    expect(text).toContain('aida_waiting_seconds_bucket{le="60"} 0');
    expect(text).toContain('aida_waiting_seconds_bucket{le="120"} 1');
  });

  it.each([
    ['1', 'voicemail', 'recording', ['Say', 'Record', 'Redirect']],
    ['2', 'callback', 'hangingUp', ['Say', 'Hangup']],
    ['0', 'person', 'dialing', ['Say', 'Dial']],
    ['*', 'person', 'dialing', ['Say', 'Dial']],
  ] as const)('key %s: %s', async (Digits, how, state, verbs) => {
    const target = await joined();
    carrier.door.view = { ...carrier.door.view, state };
    carrier.now += 20_000;
    const reply = await carrier.post(target, { Digits });
    expect(reply.verbs).toEqual(verbs);
    expect(carrier.door.asked).toMatchObject([
      { kind: 'wait', fact: { type: 'carrier.waitEnded', how, waitedMs: 20_000 } },
    ]);
    expect(carrier.line).toEqual([`leave ${CALL_SID}`]);
    if (how === 'callback')
      expect(reply.body).toContain(
        '<Say>Thank you. We will call you back within 2 hours, at the number that you are calling from. Goodbye.</Say>',
      );
  });

  it.each([
    ['9', {}],
    ['2', { From: 'anonymous' }],
    ['2', { callback: () => null }],
    ['0', { staffNumbers: [] }],
  ])(
    'key %s leads nowhere with %j: the wait goes on',
    async (Digits, { From = '+15553334444', ...change }: Record<string, unknown>) => {
      const known = carrier.facts();
      carrier.facts = () => ({ ...known, ...change });
      const reply = await carrier.post(await joined(), { Digits, From: String(From) });
      expect([reply.verbs, carrier.door.asked]).toEqual([['Gather'], []]);
      expect(gatherOf(reply).wait.key).toBe('');
    },
  );

  it('staff that did not answer lead back to the same place in line', async () => {
    const target = await joined();
    carrier.door.view = { ...carrier.door.view, state: 'dialing' };
    const { body } = await carrier.post(target, { Digits: '0' });
    const action = new URL((/action="([^"]+)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&'));
    expect(action.pathname).toBe('/voice/dial-result');
    carrier.line.length = 0;
    carrier.admission.length = 0;
    carrier.door.view = { ...carrier.door.view, state: 'waiting' };
    const back = await carrier.post(action.pathname + action.search, { DialCallStatus: 'no-answer' });
    expect(gatherOf(back).said[0]).toBe("I'm sorry, nobody could take your call right now.");
    expect([carrier.line, carrier.admission]).toEqual([[`stand new ${NOW} ${CALL_SID}`], []]);
    carrier.standing = PLACED;
    carrier.door.view = { ...carrier.door.view, state: 'ringing' };
    const placed = await carrier.post(action.pathname + action.search, { DialCallStatus: 'busy' });
    expect(placed.verbs).toEqual(['Connect']);
  });

  it('half an hour ends in the voicemail, with a word of regret', async () => {
    const target = await joined();
    carrier.door.view = { ...carrier.door.view, state: 'recording' };
    carrier.now += 1_800_000;
    const reply = await carrier.post(target);
    expect(reply.verbs).toEqual(['Say', 'Say', 'Record', 'Redirect']);
    expect(reply.body).toContain('nobody could take your call');
    expect(await values('waitsEnded')).toEqual({ voicemail: 1 });
  });

  it.each(['away', 'rejects'])(
    'the line %s: music, and the same question again, for as long as it takes',
    async (how) => {
      let target = await joined();
      const first = readWait(new URLSearchParams(target.split('?')[1]), 0);
      carrier.standing = how === 'away' ? { kind: 'away' } : new Error('line rejects');
      for (let polls = 0; polls < 20; polls += 1) {
        carrier.now += 5_000;
        const { said, played, ...next } = gatherOf(await carrier.post(target));
        expect([said, played.length, next.wait]).toEqual([[], 1, first]);
        target = next.target;
      }
      carrier.standing = WAITING;
      expect(gatherOf(await carrier.post(target)).said.length).toBeGreaterThan(0);
    },
  );

  it('a caller who hung up leaves line, place and call', async () => {
    expect(await carrier.post(await joined(), { CallStatus: 'completed' })).toMatchObject({ status: 200, verbs: [] });
    expect(carrier.line).toEqual([`leave ${CALL_SID}`]);
    expect(carrier.admission).toEqual([`ended ${CALL_SID} +15553334444`]);
    expect(carrier.door.told).toMatchObject([[CALL_SID, { type: 'carrier.statusReported', status: 'completed' }]]);
    await carrier.post('/voice/status', { CallStatus: 'completed' });
    expect(carrier.line).toEqual([`leave ${CALL_SID}`, `leave ${CALL_SID}`]);
  });
});

describe('where the call itself cannot be asked', () => {
  const ended = { Digits: '' };

  it.each(['unavailable', 'late'] as const)('(%s) a place is asked for again at once', async (trouble) => {
    const target = await joined();
    carrier.standing = PLACED;
    if (trouble === 'late') carrier.door.hangs = true;
    else carrier.door.refuses = trouble;
    const { said, played, wait } = gatherOf(await carrier.post(target, ended));
    expect([said, played, wait.ticket]).toEqual([[], [], NOW]);
    expect(await values('apologies')).toEqual({ [trouble]: 1 });
    expect(await values('waitsEnded')).toEqual({});
  });

  it('a wish to be called back is kept until it can be noted', async () => {
    const target = await joined();
    carrier.door.refuses = 'unavailable';
    const again = gatherOf(await carrier.post(target, { Digits: '2' }));
    expect(again.wait.key).toBe('2');
    carrier.door.refuses = null;
    carrier.door.view = { ...carrier.door.view, state: 'hangingUp' };
    expect((await carrier.post(again.target, ended)).verbs).toEqual(['Say', 'Hangup']);
    expect(carrier.door.asked.at(-1)).toMatchObject({ fact: { how: 'callback' } });
  });

  it('messages and staff need no journal', async () => {
    const target = await joined();
    carrier.door.refuses = 'unavailable';
    expect((await carrier.post(target, { Digits: '1' })).verbs).toEqual(['Say', 'Record', 'Redirect']);
    expect((await carrier.post(target, { Digits: '0' })).verbs).toEqual(['Say', 'Dial']);
  });

  it('an answer that the carrier did not get is given again, whatever the call has become', async () => {
    const target = await joined();
    carrier.door.view = { ...carrier.door.view, state: 'recording' };
    carrier.standing = PLACED;
    expect((await carrier.post(target)).verbs).toEqual(['Say', 'Record', 'Redirect']);
    carrier.door.view = { ...carrier.door.view, state: 'dialing' };
    expect((await carrier.post(target)).verbs).toEqual(['Say', 'Dial']);
    carrier.door.view = { ...carrier.door.view, state: 'ringing' };
    expect((await carrier.post(target)).verbs).toEqual(['Connect']);
  });

  it('a call that has ended is hung up on; one whose journal was lost begins again with its place', async () => {
    const target = await joined();
    carrier.standing = PLACED;
    carrier.door.refuses = 'ended';
    expect((await carrier.post(target)).verbs).toEqual(['Say', 'Hangup']);
    carrier.door.asked.length = 0;
    carrier.door.refuses = 'unknown';
    carrier.door.refusesOnce = true;
    carrier.door.view = { ...carrier.door.view, state: 'ringing' };
    expect((await carrier.post(target)).verbs).toEqual(['Connect']);
    expect(carrier.door.asked.map(({ kind, fact }) => [kind, fact.type])).toEqual([
      ['wait', 'carrier.waitEnded'],
      ['arrive', 'carrier.arrived'],
    ]);
  });

  it('a message that was left with the call still waiting does not lead back into the line', async () => {
    const reply = await carrier.post('/voice/voicemail', {
      RecordingSid: `RE${'b2'.repeat(16)}`,
      RecordingDuration: '9',
    });
    expect(reply.verbs).toEqual(['Say', 'Hangup']);
  });
});

it('refuses what nobody signed', async () => {
  const target = await joined();
  for (const path of [target, '/voice/debugger'])
    expect((await carrier.post(path, {}, { signature: '' })).status).toBe(403);
  expect([carrier.door.asked, carrier.line]).toEqual([[], []]);
});
