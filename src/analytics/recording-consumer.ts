import type { CallEvent } from '../../machines/call-events.ts';
import type { RecordingNews } from '../services/recordings.ts';
import type { Consumer } from './consumer.ts';
import type { StoredFact } from './stored-fact.ts';

type RecordingReady = Extract<CallEvent, { type: 'carrier.recordingReady' }>;

export interface RecordingConsumerDeps {
  /** Makes its row and has it fetched; a repeat does nothing. `later`: there is no room for its job now. */
  enter(news: RecordingNews): Promise<'taken' | 'later'>;
  /** Facts of the call so far. Rejects when they cannot be read now. */
  journalOf(callSid: string): Promise<readonly CallEvent[]>;
  isHealthy(): Promise<boolean>;
}

/** Who called, what the message that was asked for last is about, and what the caller said of recording. */
function circumstances(journal: readonly CallEvent[]): Pick<RecordingNews, 'fromNumber' | 'topic' | 'declined'> {
  let fromNumber = '';
  let topic = '';
  let declined = false;
  for (const fact of journal) {
    if (fact.type === 'carrier.arrived') fromNumber = fact.from;
    if (fact.type === 'carrier.nextAsked' && fact.intent?.kind === 'voicemail') topic = fact.intent.topic;
    if (fact.type === 'carrier.recordingSet' && fact.to === 'stopped') declined = true;
  }
  return { fromNumber, topic, declined };
}

/** Enters each recording that the carrier says is ready. */
export function createRecordingConsumer({ enter, journalOf, isHealthy }: RecordingConsumerDeps): Consumer {
  async function take(callSid: string, ready: RecordingReady): Promise<boolean> {
    const { recordingSid, recordingUrl, durationS, status } = ready;
    const of: RecordingNews['of'] = ready.of ?? 'voicemail';
    const news = { of, recordingSid, recordingUrl, durationS, status, callSid };
    return (await enter({ ...news, ...circumstances(await journalOf(callSid)) })) === 'taken';
  }

  return {
    group: 'voicemail',
    isHealthy,
    async take(facts) {
      const later: StoredFact[] = [];
      for (const stored of facts) {
        const { callSid, fact } = stored;
        if (fact.type === 'carrier.recordingReady' && !(await take(callSid, fact))) later.push(stored);
      }
      return later;
    },
  };
}
