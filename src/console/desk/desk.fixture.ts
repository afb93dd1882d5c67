import type { DataSource } from 'typeorm';
import { CallFigureEntity } from '../../../entities/call-figure.ts';
import { CallLogEntity } from '../../../entities/call-log.ts';
import { CallUnderstandingEntity } from '../../../entities/call-understanding.ts';
import { CallbackRequestEntity } from '../../../entities/callback-request.ts';
import { PromotionEntity } from '../../../entities/promotion.ts';
import { seed } from '../../../entities/seed/index.ts';
import { VoicemailEntity } from '../../../entities/voicemail.ts';
import { heartbeat } from '../../directory/fleet.ts';
import { type NodeReport, writeNodeReport } from '../../directory/node-desk.ts';
import type { RedisLink } from '../../directory/redis.ts';
import { rollFigures } from '../../services/figure-rolls.ts';
import { PRICES_DEFAULT } from '../../config-checks.ts';

/** Wednesday noon in the store's zone. */
export const NOON = Date.parse('2026-11-18T12:00:00-05:00');
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
export const HOSTILE = `<img src=x onerror=alert(1)> "wedding" & 'cake'`;

export const recordingSid = (index: number): string => `RE${String(index).padStart(32, '0')}`;
export const callSid = (index: number): string => `CA${String(index).padStart(32, '0')}`;
/** A second of silence as browsers play it. */
export const SILENCE = wav(8_000);

function wav(samples: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples, 40);
  return Buffer.concat([head, Buffer.alloc(samples, 128)]);
}

/** A store on a promotion's day: messages, promised calls, questions, an hour of calls. */
export async function fillDesk(source: DataSource): Promise<void> {
  await seed(source, NOON);
  await source.getRepository(VoicemailEntity).insert([
    message(1, {
      topic: HOSTILE,
      transcript: 'Please call me back about the cake. It is for forty people.',
      status: 'new',
    }),
    message(2, { topic: 'lost umbrella', transcript: null, status: 'pending', assignee: 'maria' }),
    message(3, { topic: '', transcript: 'Do you sell gift cards?', status: 'heard', note: 'Asked Ben about it.' }),
    message(4, { topic: 'jobs', status: 'lost' }),
    message(5, { topic: 'jobs', status: 'heard', doneAt: new Date(NOON), doneBy: 'ben' }),
  ]);
  await source
    .getRepository(CallbackRequestEntity)
    .insert([
      promised(1, { windowEnd: new Date(NOON - HOUR_MS), reason: 'waiting room' }),
      promised(2, { reason: 'a large order', attempts: 1, lastAttemptAt: new Date(NOON - HOUR_MS), assignee: 'maria' }),
      promised(3, { status: 'dialing', attempts: 1 }),
      promised(4, { status: 'unanswered', attempts: 3, note: 'Try the office in the afternoon.' }),
      promised(5, { status: 'done', doneAt: new Date(NOON), doneBy: 'ben' }),
    ]);
  await ask(source, 11, ['Do you have oat cream?', 'Is there parking behind the house?']);
  await ask(source, 12, ['do you have oat cream']);
  await ask(source, 13, [HOSTILE]);
  const [running] = await source.getRepository(PromotionEntity).find({ order: { startsLocal: 'ASC' } });
  for (let index = 0; index < 30; index += 1) await ring(source, 100 + index, index, running?.slug ?? '');
  while ((await rollFigures(source, PRICES_DEFAULT, NOON)) > 0);
}

function message(index: number, more: object) {
  return {
    recordingSid: recordingSid(index),
    callSid: callSid(index),
    fromNumber: `+1207555010${index}`,
    durationS: 10 * index,
    audio: SILENCE,
    contentType: 'audio/x-wav',
    createdAt: new Date(NOON - (6 - index) * HOUR_MS),
    ...more,
  };
}

function promised(index: number, more: object) {
  return {
    callSid: callSid(index),
    number: `+1207555020${index}`,
    calledNumber: '+12075550142',
    windowStart: new Date(NOON - 2 * HOUR_MS),
    windowEnd: new Date(NOON + index * HOUR_MS),
    nextAttemptAt: new Date(NOON - HOUR_MS),
    createdAt: new Date(NOON - 3 * HOUR_MS),
    ...more,
  };
}

/** A call with questions that nobody answered. */
export async function ask(
  source: DataSource,
  index: number,
  questions: string[],
  at = NOON - 90 * MINUTE_MS,
): Promise<void> {
  await source.getRepository(CallFigureEntity).insert({
    callSid: callSid(index),
    minute: new Date(Math.floor(at / MINUTE_MS) * MINUTE_MS),
    waitFrom: null,
    waitUntil: null,
    silencesMs: [],
    notes: { stops: [], starts: {}, used: {}, queued: [], left: [] },
  });
  await source.getRepository(CallUnderstandingEntity).insert({
    callSid: callSid(index),
    classifier: 'rules',
    inputHash: '',
    resolution: 'unresolved',
    promotionSlug: null,
    questions: questions.map((question) => ({ itemId: null, question })),
    transferReason: null,
  });
}

/** A call of the last hour, every third about the promotion. */
async function ring(source: DataSource, index: number, minutesAgo: number, promotionSlug: string): Promise<void> {
  const at = new Date(NOON - (minutesAgo * 2 + 1) * MINUTE_MS);
  const sid = callSid(index);
  await source.getRepository(CallLogEntity).insert({
    callSid: sid,
    fromNumber: '+12075550100',
    status: 'COMPLETED',
    startedAt: at,
    answeredAt: at,
    endedAt: at,
    outcome: index % 5 === 0 ? 'transferred' : 'completed',
  });
  await source.getRepository(CallFigureEntity).insert({
    callSid: sid,
    minute: at,
    waitFrom: index % 4 === 0 ? at : null,
    waitUntil: index % 4 === 0 ? new Date(at.getTime() + 3 * MINUTE_MS) : null,
    silencesMs: [600 + index],
    notes: { stops: [], starts: {}, used: {}, queued: [], left: [] },
  });
  await source.getRepository(CallUnderstandingEntity).insert({
    callSid: sid,
    classifier: 'rules',
    inputHash: '',
    resolution: 'resolved',
    promotionSlug: index % 3 === 0 ? promotionSlug : null,
    transferReason: null,
  });
  await source.query('INSERT INTO figure_due (call_sid, minutes) VALUES ($1, ARRAY[$2::timestamptz])', [sid, at]);
}

let tellings = 0;

/** A node that lives, and says how it stands. */
export async function aliveNode(
  link: RedisLink,
  node: string,
  report: Partial<NodeReport> = {},
  incarnation = `${node}-1`,
): Promise<void> {
  const self = {
    node,
    incarnation,
    nodeUrl: `http://${node}:3001`,
    mediaUrl: `wss://${node}/media-stream`,
    version: '0.2.0',
  };
  await heartbeat(link, {
    self,
    capacity: report.capacity ?? 100,
    liveCalls: report.held ?? 0,
    held: [],
    starting: true,
    spentMicros: 0,
    telling: (tellings += 1),
    model: null,
  });
  const full: NodeReport = {
    at: Date.now(),
    capacity: 100,
    reason: 'configured',
    held: 0,
    reserved: 0,
    stranded: 0,
    limits: [
      ['tokens', 41],
      ['nodes', 88],
      ['spend', null],
    ],
    spend: { share: 0.32, state: 'open' },
    drain: { stage: 'serving', calls: report.held ?? 0, expected: 0, handedOver: 0, finishInMs: null },
    ...report,
  };
  await writeNodeReport(link, self, full, false);
}
