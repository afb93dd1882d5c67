import { type Recording, recordingMp3, recordingSeconds, recordingWav } from './recordings.ts';
import type { CallRecording } from './call-recording.ts';
import { notFound, type RestAnswer, type RestAsk, restError } from './rest-answer.ts';
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

/** Pauses, resumes or stops a recording of a live call; `Twilio.CURRENT` is the one under way. */
export function updateRecording(world: World, callSid: string, sid: string, { form, path }: RestAsk): RestAnswer {
  const leg = world.legs.get(callSid);
  const recording = leg?.recordings.findLast((each) =>
    sid === 'Twilio.CURRENT' ? each.status !== 'stopped' : each.sid === sid,
  );
  if (!leg || !recording) return notFound(path);
  const fault = controlFault(form);
  if (fault !== null) {
    world.complain(`REST ${path}: ${fault}`);
    return restError(400, 21_218, fault);
  }
  if (recording.status === 'stopped') return restError(400, 21_220, 'Recording is not in-progress.');
  const status = form.get('Status');
  if (status === 'paused') recording.pause(form.get('PauseBehavior') === 'skip' ? 'skip' : 'silence');
  else if (status === 'stopped') recording.stop();
  else recording.resume();
  return { status: 200, body: controlled(world, callSid, recording) };
}

function controlFault(form: URLSearchParams): string | null {
  const unknown = [...form.keys()].find((name) => name !== 'Status' && name !== 'PauseBehavior');
  if (unknown !== undefined) return `${unknown} is not known`;
  if (!['paused', 'in-progress', 'stopped'].includes(form.get('Status') ?? '')) return 'Status cannot be set';
  const behavior = form.get('PauseBehavior');
  if (behavior === null) return null;
  if (form.get('Status') !== 'paused') return 'PauseBehavior is for a pause';
  return behavior === 'skip' || behavior === 'silence' ? null : `PauseBehavior ${behavior}`;
}

function controlled({ accountSid }: World, callSid: string, { sid, status }: CallRecording): object {
  return { sid, account_sid: accountSid, call_sid: callSid, status, api_version: '2010-04-01' };
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
