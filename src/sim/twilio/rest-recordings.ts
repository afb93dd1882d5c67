import { type Recording, recordingMp3, recordingSeconds, recordingWav } from './recordings.ts';
import { notFound, type RestAnswer } from './rest-answer.ts';
import { rfc2822 } from './status.ts';
import type { World } from './world.ts';

/** Metadata with `.json`, sound with `.wav`, `.mp3` or nothing. A recording that is still processed has no sound: 404. */
export function fetchRecording(world: World, sid: string, suffix: string, method: 'GET' | 'DELETE'): RestAnswer {
  const recording = world.recordings.get(sid);
  if (!recording) return notFound(`/Recordings/${sid}${suffix}`);
  if (method === 'DELETE') {
    world.recordings.delete(sid);
    return { status: 204, body: null };
  }
  const ready = performance.now() >= recording.readyMs;
  if (suffix === '.json') return { status: 200, body: metadata(world, recording, ready) };
  if (!ready) return notFound(`/Recordings/${sid}${suffix}`);
  return suffix === '.mp3'
    ? { status: 200, body: recordingMp3(recording), type: 'audio/mpeg' }
    : { status: 200, body: recordingWav(recording), type: 'audio/x-wav' };
}

function metadata(world: World, recording: Recording, ready: boolean): object {
  return {
    sid: recording.sid,
    account_sid: world.accountSid,
    call_sid: recording.callSid,
    status: ready ? 'completed' : 'processing',
    channels: recording.channels,
    source: recording.source,
    duration: ready ? String(recordingSeconds(recording)) : null,
    start_time: rfc2822(recording.startedAt),
    api_version: '2010-04-01',
    uri: `/2010-04-01/Accounts/${world.accountSid}/Recordings/${recording.sid}.json`,
  };
}
