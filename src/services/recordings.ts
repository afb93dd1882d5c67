import type { DataSource, Repository } from 'typeorm';
import { type CallRecording, CallRecordingEntity } from '../../entities/call-recording.ts';
import { type Voicemail, VoicemailEntity } from '../../entities/voicemail.ts';
import type { Log } from '../telemetry/log.ts';
import {
  type CarrierAccount,
  deleteRecording,
  fetchRecording,
  isOurRecording,
  type Recording,
  type RecordingFailure,
  type RecordingFormat,
} from './recording-fetch.ts';
import type { RecordingStore } from './recording-store.ts';

/** A message that a caller left, or the recording of a whole call. */
export type RecordingOf = 'voicemail' | 'call';

const MIB = 1024 * 1024;

/**
 * A message is fetched as WAV, which is written down best: two minutes are 2 MB. A call is fetched as MP3: two hours
 * are 29 MB.
 */
const fetched: Record<RecordingOf, { format: RecordingFormat; bytesMax: number; end: string }> = {
  voicemail: { format: 'wav', bytesMax: 8 * MIB, end: 'wav' },
  call: { format: 'mp3', bytesMax: 32 * MIB, end: 'mp3' },
};
/** Of each kind at once. */
export const oldMax = 500;

/** A recording of which the carrier has told. */
export interface RecordingNews {
  of: RecordingOf;
  recordingSid: string;
  /** As the carrier names it, without extension. */
  recordingUrl: string;
  durationS: number;
  /** The carrier's word: `completed`, `absent`, … */
  status: string;
  callSid: string;
  /** Of a message. */
  fromNumber: string;
  topic: string;
  /** Of a call: the caller did not want it recorded. */
  declined: boolean;
}

/**
 * `kept`: the audio is there, now or since an earlier time. `lost`: there is none that can be kept. `none`: no such row.
 * Else why not now.
 */
export type KeepOutcome = 'kept' | 'lost' | 'none' | Extract<RecordingFailure, 'notYet' | 'denied'>;

/** What there is of a message for whoever is told of it. */
export type Message = Omit<Voicemail, 'audio'>;

/** Messages and recordings of calls: their rows, and their audio wherever it is. Every method rejects as what it needs does. */
export interface Recordings {
  /** Makes the row, once. `refused`: not a recording of this account. `over`: nothing is to be fetched. */
  enter(news: RecordingNews): Promise<'entered' | 'over' | 'refused'>;
  /** Fetches the audio and keeps it, once however often asked. */
  keep(of: RecordingOf, recordingSid: string, signal: AbortSignal): Promise<KeepOutcome>;
  audio(of: RecordingOf, recordingSid: string, signal: AbortSignal): Promise<Recording | null>;
  message(recordingSid: string): Promise<Message | null>;
  writeDown(recordingSid: string, transcript: string): Promise<void>;
  /** Notes that the store was told. */
  told(recordingSid: string, by: 'mailedAt' | 'hookedAt', at: Date): Promise<void>;
  /** Somebody has listened to the message. */
  heard(recordingSid: string): Promise<void>;
  /** Nobody is to hear it: the caller wanted none, or recorded another message. */
  giveUp(of: RecordingOf, recordingSid: string): Promise<void>;
  /** Those made before that time, and those that were given up; oldest first, of each kind `oldMax` from `offset` on. */
  old(before: Date, offset?: number): Promise<{ of: RecordingOf; recordingSid: string }[]>;
  /** Deletes the audio where it is kept and at the carrier, then the row. */
  remove(of: RecordingOf, recordingSid: string, signal: AbortSignal): Promise<void>;
}

export interface RecordingsOptions {
  account: CarrierAccount;
  /** Null: the audio is kept in its row. */
  store: RecordingStore | null;
  log: Pick<Log, 'warn' | 'error'>;
}

/** What the rows of both kinds share. */
type Row = Pick<CallRecording, 'recordingSid' | 'callSid' | 'durationS' | 'contentType' | 'location' | 'createdAt'> & {
  audio: Buffer | null;
  status: string;
};

export function createRecordings(dataSource: DataSource, { account, store, log }: RecordingsOptions): Recordings {
  const messages = dataSource.getRepository(VoicemailEntity);
  const calls = dataSource.getRepository(CallRecordingEntity);
  // Both entities have these columns.
  const rows = { voicemail: messages, call: calls } as unknown as Record<RecordingOf, Repository<Row>>;
  const keptStatus: Record<RecordingOf, string> = { voicemail: 'new', call: 'kept' };
  const givenUp: Record<RecordingOf, string> = { voicemail: 'discarded', call: 'declined' };

  const markLost = (of: RecordingOf, recordingSid: string) =>
    rows[of].update({ recordingSid, status: 'pending' }, { status: 'lost' });

  async function lose(of: RecordingOf, recordingSid: string, reason: RecordingFailure): Promise<'lost'> {
    log.error({ recordingSid, reason }, 'recording not to be had');
    await markLost(of, recordingSid);
    return 'lost';
  }

  async function put(of: RecordingOf, row: Row, { audio, contentType }: Recording, signal: AbortSignal) {
    const { recordingSid } = row;
    const month = row.createdAt.toISOString().slice(0, 7).replace('-', '/');
    const name = `${of}/${month}/${recordingSid}.${fetched[of].end}`;
    const where = store ? { location: await store.put(name, audio, contentType, signal) } : { audio };
    const change = { ...where, contentType, status: keptStatus[of] };
    const { affected } = await rows[of].update({ recordingSid, status: 'pending' }, change);
    if (affected !== 0 || !store || !('location' in where)) return;
    // Given up meanwhile, perhaps deleted: nobody else knows of what was just kept. A second fetch has kept the same.
    const left = await rows[of].findOneBy({ recordingSid });
    if (left === null || left.status === givenUp[of]) await store.delete(where.location, signal);
  }

  return {
    async enter({ of, recordingSid, recordingUrl, callSid, fromNumber, topic, durationS, status }) {
      if (!isOurRecording(recordingUrl, recordingSid, account)) {
        log.warn({ callSid, recordingSid }, 'recording refused: not of this account');
        return 'refused';
      }
      const row = { recordingSid, callSid, durationS, status: 'pending' };
      const values = of === 'voicemail' ? { ...row, fromNumber, topic } : row;
      await rows[of].createQueryBuilder().insert().values(values).orIgnore().execute();
      if (status === 'absent') await markLost(of, recordingSid);
      const entered = await rows[of].findOneBy({ recordingSid });
      return entered?.status === 'pending' ? 'entered' : 'over';
    },

    async keep(of, recordingSid, signal) {
      const row = await rows[of].findOneBy({ recordingSid });
      if (!row) return 'none';
      if (row.status !== 'pending') return row.status === 'lost' ? 'lost' : 'kept';
      const { format, bytesMax } = fetched[of];
      const outcome = await fetchRecording(recordingSid, { format, bytesMax, signal }, account);
      if (typeof outcome !== 'string') {
        await put(of, row, outcome, signal);
        return 'kept';
      }
      return outcome === 'gone' || outcome === 'unusable' ? lose(of, recordingSid, outcome) : outcome;
    },

    async audio(of, recordingSid, signal) {
      const row = await rows[of].createQueryBuilder('row').addSelect('row.audio').where({ recordingSid }).getOne();
      // Its job deletes it in a while: nobody hears it until then either.
      if (!row || row.status === givenUp[of]) return null;
      const audio = row.location !== null ? await store?.get(row.location, signal) : row.audio;
      return audio ? { audio, contentType: row.contentType ?? 'audio/mpeg' } : null;
    },

    message: (recordingSid) => messages.findOneBy({ recordingSid }),

    async writeDown(recordingSid, transcript) {
      await messages.update({ recordingSid }, { transcript });
    },

    async told(recordingSid, by, at) {
      await messages.update({ recordingSid }, { [by]: at });
    },

    async heard(recordingSid) {
      await messages.update({ recordingSid, status: 'new' }, { status: 'heard' });
    },

    async giveUp(of, recordingSid) {
      await rows[of].update({ recordingSid }, { status: givenUp[of] });
    },

    async old(before, offset = 0) {
      const found: { of: RecordingOf; recordingSid: string }[] = [];
      for (const kind of ['voicemail', 'call'] as const) {
        const chosen = await rows[kind]
          .createQueryBuilder('row')
          .select(['row.recordingSid'])
          .where('row.createdAt < :before OR row.status = :status', { before, status: givenUp[kind] })
          .orderBy('row.createdAt', 'ASC')
          .addOrderBy('row.recordingSid', 'ASC')
          .offset(offset)
          .limit(oldMax)
          .getMany();
        found.push(...chosen.map(({ recordingSid }) => ({ of: kind, recordingSid })));
      }
      return found;
    },

    async remove(of, recordingSid, signal) {
      const row = await rows[of].findOneBy({ recordingSid });
      if (!row) return;
      if (row.location !== null) {
        if (!store) throw new Error('RECORDINGS_URL is not set, and the recording is kept there');
        await store.delete(row.location, signal);
      }
      await deleteRecording(recordingSid, account, signal);
      await rows[of].delete({ recordingSid });
    },
  };
}
