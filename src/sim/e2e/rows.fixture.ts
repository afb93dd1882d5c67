import { expect } from 'vitest';
import { type CallLog, CallLogEntity } from '../../../entities/call-log.ts';
import { type Voicemail, VoicemailEntity } from '../../../entities/voicemail.ts';
import type { SimCall } from '../twilio/index.ts';
import type { Account } from '../account.ts';
import { eventually, type World } from './world.fixture.ts';

const WAV_HEADER = 'RIFF';

export function rowOf(world: World, callSid: string): Promise<CallLog | null> {
  return world.rows.getRepository(CallLogEntity).findOneBy({ callSid });
}

/** The row of a call that is over, against its journal and what the carrier told of it. */
export async function judgeRow(world: World, call: SimCall, account: Account, intents: string[]): Promise<void> {
  const row = await eventually(
    () => rowOf(world, call.sid),
    (found) => found?.processedAt !== null && found?.intents.join() === intents.join(),
  );
  const final = call.webhooks.find(({ url, params }) => url.includes('/voice/status') && params['CallDuration']);
  const [arrived] = account.of('carrier.arrived');
  const [started] = account.of('carrier.streamStarted');
  const ended = account.of('carrier.statusReported').find(({ status }) => status === call.status);
  expect(row).toEqual({
    callSid: call.sid,
    fromNumber: call.leg.options.from,
    toNumber: call.leg.options.to,
    status: call.status.toUpperCase(),
    startedAt: new Date(arrived?.at ?? 0),
    answeredAt: new Date(started?.at ?? 0),
    endedAt: new Date(ended?.at ?? 0),
    duration: Number(final?.params['CallDuration']),
    outcome: account.outcome,
    transcript: expect.any(Array),
    processedAt: expect.any(Date),
    intents,
    promotionSlug: intents.includes('promotion') ? 'muddy-paws' : null,
    lastEpoch: expect.any(Number),
    lastSeq: expect.any(Number),
    statusSequence: Number(final?.params['SequenceNumber']),
  });
  const lines = row?.transcript ?? [];
  const linesOf = (who: 'caller' | 'assistant') =>
    lines.filter((line) => line.who === who).map(({ text, cut }) => ({ text, cut }));
  expect(linesOf('caller')).toEqual(account.of('caller.said').map(({ text }) => ({ text, cut: false })));
  const heard = account.of('assistant.heard').filter(({ text }) => text !== '');
  expect(linesOf('assistant')).toEqual(heard.map(({ text, cut }) => ({ text, cut })));
}

/** The message of a caller with its sound. */
export async function judgeVoicemail(world: World, call: SimCall, account: Account): Promise<void> {
  const rows = world.rows.getRepository(VoicemailEntity);
  const voicemail = await eventually<Voicemail | null>(
    () => rows.createQueryBuilder('v').addSelect('v.audio').where({ callSid: call.sid }).getOne(),
    (found) => found?.status === 'new' && found.transcript !== null,
  );
  const [recorded] = account.of('carrier.recordEnded');
  expect(voicemail).toMatchObject({
    recordingSid: recorded?.recordingSid,
    fromNumber: call.leg.options.from,
    topic: 'i would like to leave a message.',
    durationS: recorded?.durationS,
    contentType: 'audio/x-wav',
    status: 'new',
  });
  expect(voicemail?.audio?.subarray(0, WAV_HEADER.length).toString()).toBe(WAV_HEADER);
}
