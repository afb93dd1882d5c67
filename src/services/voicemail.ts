import { setTimeout as wait } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import type { Log } from '../telemetry/log.ts';
import {
  fetchRecording,
  recordingAddress,
  type CarrierAccount,
  type Recording,
  type RecordingFailure,
} from './recording-fetch.ts';

/** Waits before the second and each later download; a recording is usually processed within seconds. */
const BACK_OFF_MS = [500, 1_500, 4_000];

export interface VoicemailRecording {
  recordingSid: string;
  /** As the carrier names it, without extension. */
  recordingUrl: string;
  durationS: number;
  /** The carrier's word: `completed`, `absent`, … */
  status: string;
  callSid: string;
  fromNumber: string;
  topic: string;
}

/**
 * `saved`: the row has its audio, now or since an earlier time. `later`: not processed yet, or carrier or database
 * are away, or the carrier denied it; ask again. `lost`: there is no audio, or none that can be kept. `refused`: not a
 * recording of this account; nothing was fetched or stored.
 */
export type VoicemailOutcome = 'saved' | 'later' | 'lost' | 'refused';

export interface Voicemails {
  /** Fetches a recording into its row, once however often asked. Never rejects; takes about a minute at most. */
  save(recording: VoicemailRecording): Promise<VoicemailOutcome>;
}

export interface VoicemailOptions {
  account: CarrierAccount;
  log: Pick<Log, 'warn' | 'error'>;
  /** Waits between downloads. */
  sleep?: (ms: number) => Promise<unknown>;
}

export function createVoicemails(dataSource: DataSource, { account, log, sleep = wait }: VoicemailOptions): Voicemails {
  const rows = dataSource.getRepository(VoicemailEntity);

  async function enter(recording: VoicemailRecording): Promise<VoicemailOutcome | 'pending'> {
    const { recordingSid, callSid, fromNumber, topic, durationS } = recording;
    const row = { recordingSid, callSid, fromNumber, topic, durationS, status: 'pending' as const };
    await rows.createQueryBuilder().insert().values(row).orIgnore().execute();
    const { status } = await rows.findOneByOrFail({ recordingSid });
    if (status === 'pending') return 'pending';
    return status === 'lost' ? 'lost' : 'saved';
  }

  async function download(address: URL): Promise<Recording | RecordingFailure> {
    let outcome = await fetchRecording(address, account);
    for (const delayMs of BACK_OFF_MS) {
      if (outcome !== 'notYet') break;
      await sleep(delayMs);
      outcome = await fetchRecording(address, account);
    }
    return outcome;
  }

  async function markLost(recordingSid: string): Promise<VoicemailOutcome> {
    await rows.update({ recordingSid, status: 'pending' }, { status: 'lost' });
    return 'lost';
  }

  async function fill({ recordingSid, callSid }: VoicemailRecording, address: URL): Promise<VoicemailOutcome> {
    const outcome = await download(address);
    if (typeof outcome !== 'string') {
      await rows.update({ recordingSid, status: 'pending' }, { ...outcome, status: 'new' });
      return 'saved';
    }
    if (outcome === 'denied' || outcome === 'unusable')
      log.error({ callSid, recordingSid, reason: outcome }, 'recording not fetched');
    return outcome === 'gone' || outcome === 'unusable' ? markLost(recordingSid) : 'later';
  }

  return {
    async save(recording) {
      const { recordingSid, recordingUrl, callSid, status } = recording;
      const address = recordingAddress(recordingUrl, recordingSid, account);
      if (!address) {
        log.warn({ callSid, recordingSid }, 'recording refused: not of this account');
        return 'refused';
      }
      try {
        const known = await enter(recording);
        if (known !== 'pending') return known;
        return status === 'absent' ? await markLost(recordingSid) : await fill(recording, address);
      } catch (error) {
        log.error({ err: error, callSid, recordingSid }, 'voicemail not stored');
        return 'later';
      }
    },
  };
}
