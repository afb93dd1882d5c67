import type { Told } from '../calls/stream-port.ts';
import { defaultLanguage } from '../services/languages.ts';
import type { Log } from '../telemetry/log.ts';
import type { StoreFacts } from './documents.ts';
import { type CarrierRequest, partiesOf } from './request.ts';

const STATUS = /^[a-z][a-z-]{1,31}$/;
const STREAM_SID = /^MZ[0-9a-fA-F]{32}$/;
const RECORDING_SID = /^RE[0-9a-fA-F]{32}$/;

/** A new call, as the store has calls; the node, and whatever is known of the caller, is filled in by the door. */
export function arrivalFact(
  request: CarrierRequest,
  { callMsMax: lastsMsMax, languages, recording }: Pick<StoreFacts, 'callMsMax' | 'languages' | 'recording'>,
): Told {
  const parties = partiesOf(request);
  const recorded = recording(parties) === 'off' ? {} : { recorded: true as const };
  const [language = defaultLanguage] = languages;
  return { type: 'carrier.arrived', ...parties, node: '', lastsMsMax, language, ...recorded };
}

/** A call status in the carrier's own word: new ones pass. */
export function statusFact(request: CarrierRequest): Told | 'malformed' {
  if (!STATUS.test(request.callStatus)) return 'malformed';
  return {
    type: 'carrier.statusReported',
    status: request.callStatus,
    durationS: request.callDurationS,
    sequence: request.count('SequenceNumber'),
  };
}

function isStreamSid(text: string): boolean {
  return STREAM_SID.test(text);
}

/** Errors of which the stream lives on: too slow a reader, too much audio, a message that was not understood. */
const WARNINGS = /\b319(?:30|31|50|51)\b/;

/** The carrier's side of the stream is gone. */
export function breaksStream(request: CarrierRequest): boolean {
  return (
    request.value('StreamEvent') === 'stream-error' &&
    isStreamSid(request.value('StreamSid')) &&
    !WARNINGS.test(request.value('StreamError'))
  );
}

/** Only the end of a stream is news: its begin and its errors are seen at its socket. */
export function streamFact(request: CarrierRequest, log: Log): Told | null | 'malformed' {
  const streamSid = request.value('StreamSid');
  if (!isStreamSid(streamSid)) return 'malformed';
  switch (request.value('StreamEvent')) {
    case 'stream-stopped':
      return { type: 'carrier.streamStopped', streamSid, reason: 'stopped' };
    case 'stream-error':
      log.warn(
        { callSid: request.callSid, streamSid, reason: request.value('StreamError') },
        'the carrier reports a stream error',
      );
      return null;
    default:
      return null;
  }
}

export function recordingFact(request: CarrierRequest): Told | 'malformed' {
  const recordingSid = request.value('RecordingSid');
  const recordingUrl = request.value('RecordingUrl');
  const status = request.value('RecordingStatus');
  if (!RECORDING_SID.test(recordingSid) || !STATUS.test(status) || !(recordingUrl === '' || URL.canParse(recordingUrl)))
    return 'malformed';
  return {
    type: 'carrier.recordingReady',
    recordingSid,
    recordingUrl,
    durationS: request.count('RecordingDuration') ?? 0,
    status,
    ...(request.query.get('of') === 'call' && { of: 'call' as const }),
  };
}
