import type { CallEvent } from '../../machines/call-events.ts';
import type { Consumer } from './consumer.ts';
import type { StoredFact } from './stored-fact.ts';

/** A recording is asked for again until it is this old; then somebody has to look. */
const patienceMs = 6 * 3_600_000;
const fetchesMax = 4;

type RecordingReady = Extract<CallEvent, { type: 'carrier.recordingReady' }>;

export interface Recording {
  recordingSid: string;
  recordingUrl: string;
  durationS: number;
  /** The carrier's word. */
  status: string;
  callSid: string;
  fromNumber: string;
  topic: string;
}

export interface VoicemailDeps {
  /** `later`: ask again. Never rejects. */
  save(recording: Recording): Promise<'saved' | 'later' | 'lost' | 'refused'>;
  /** Facts of the call so far. Rejects when they cannot be read now. */
  journalOf(callSid: string): Promise<readonly CallEvent[]>;
  isHealthy(): Promise<boolean>;
  /** Ms, by the clock of the facts. */
  now(): number;
}

/** Who called, and what the message that was asked for last is about. */
function circumstances(journal: readonly CallEvent[]): { fromNumber: string; topic: string } {
  let fromNumber = '';
  let topic = '';
  for (const fact of journal) {
    if (fact.type === 'carrier.arrived') fromNumber = fact.from;
    if (fact.type === 'carrier.nextAsked' && fact.intent?.kind === 'voicemail') topic = fact.intent.topic;
  }
  return { fromNumber, topic };
}

/** Has each recording fetched that the carrier says is ready; what can't be had yet comes again. */
export function createVoicemailConsumer({ save, journalOf, isHealthy, now }: VoicemailDeps): Consumer {
  async function fetch(
    callSid: string,
    { recordingSid, recordingUrl, durationS, status, at }: RecordingReady,
  ): Promise<boolean> {
    const recording = {
      recordingSid,
      recordingUrl,
      durationS,
      status,
      callSid,
      ...circumstances(await journalOf(callSid)),
    };
    const outcome = await save(recording);
    if (outcome === 'later' && now() - at > patienceMs)
      throw new RangeError(`recording ${recordingSid} was not to be had for ${patienceMs} ms`);
    return outcome !== 'later';
  }

  return {
    group: 'voicemail',
    isHealthy,
    async take(facts) {
      const later: StoredFact[] = [];
      const ready = facts.filter(({ fact }) => fact.type === 'carrier.recordingReady');
      for (let i = 0; i < ready.length; i += fetchesMax) {
        await Promise.all(
          ready.slice(i, i + fetchesMax).map(async (stored) => {
            const { callSid, fact } = stored;
            if (fact.type === 'carrier.recordingReady' && !(await fetch(callSid, fact))) later.push(stored);
          }),
        );
      }
      return later;
    },
  };
}
