import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CallRecordingRule } from '../services/consent.ts';
import { parseTwiml } from '../sim/twilio/twiml.ts';
import { CALL_SID, type Carrier, startCarrier } from './carrier.fixture.ts';

const recordingSid = `RE${'b2'.repeat(16)}`;
const READY = {
  RecordingSid: recordingSid,
  RecordingUrl: `https://api.example.com/${recordingSid}`,
  RecordingStatus: 'completed',
  RecordingDuration: '61',
};
let carrier: Carrier;

beforeEach(async () => {
  carrier = await startCarrier();
});
afterEach(() => carrier.close());

function decide(rule: CallRecordingRule): void {
  const { facts } = carrier;
  carrier.facts = () => ({ ...facts(), recording: () => rule });
}

it('a call that is recorded is told so first where its caller has to know, and its journal says so', async () => {
  decide('told');
  const { body } = await carrier.post('/voice', { CallStatus: 'ringing' });
  const { verbs, complaints } = parseTwiml(body, null);
  expect([verbs.map(({ name }) => name), complaints]).toEqual([['Say', 'Start', 'Connect'], []]);
  expect(verbs[0]?.text).toBe('This call may be recorded.');
  expect(verbs[1]?.children[0]).toMatchObject({
    name: 'Recording',
    attributes: {
      channels: 'dual',
      trim: 'do-not-trim',
      recordingStatusCallback: 'https://voice.example.com/voice/recording?of=call#ct=1000&rt=2500&rc=3&rp=all',
      recordingStatusCallbackEvent: 'completed absent',
    },
  });
  expect(carrier.door.asked[0]?.fact).toMatchObject({ type: 'carrier.arrived', recorded: true });
});

it('where one side is enough nothing is said; where the store records nothing nothing is recorded', async () => {
  decide('untold');
  expect((await carrier.post('/voice', { CallStatus: 'ringing' })).verbs).toEqual(['Start', 'Connect']);
  decide('off');
  expect((await carrier.post('/voice', { CallStatus: 'ringing' })).verbs).toEqual(['Connect']);
  expect(carrier.door.asked[1]?.fact).not.toHaveProperty('recorded');
});

it('the recording goes on by itself when the call gets its next stream', async () => {
  decide('told');
  expect((await carrier.post('/voice/next')).verbs).toEqual(['Connect']);
});

it('whose recording is ready is told apart', async () => {
  for (const [path, of] of [
    ['/voice/recording', undefined],
    ['/voice/recording?of=call', 'call'],
  ] as const) {
    expect((await carrier.post(path, READY)).status).toBe(204);
    const [callSid, fact] = carrier.door.told.at(-1) ?? [];
    expect([callSid, fact]).toEqual([
      CALL_SID,
      {
        type: 'carrier.recordingReady',
        recordingSid,
        recordingUrl: READY.RecordingUrl,
        durationS: 61,
        status: 'completed',
        ...(of && { of }),
      },
    ]);
  }
});
