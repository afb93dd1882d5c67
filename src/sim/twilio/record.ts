import { isSilence, joinBytes } from '../voice/index.ts';
import { CallRecording } from './call-recording.ts';
import type { Leg } from './leg.ts';
import { type Recording, recordingSeconds } from './recordings.ts';
import type { Run } from './run.ts';
import type { FlowPort, Step } from './step.ts';
import { TICK_MS } from './ticker.ts';
import { beep } from './tones.ts';
import type { XmlElement } from './xml.ts';

const BEEP_MS = 500;
const DEFAULTS = { timeoutS: 5, maxLengthS: 3_600, finishOnKey: '1234567890*#' };

/** `<Record>`: beep, then the caller until a key, silence, the longest length or the hang-up. */
export async function record(leg: Leg, verb: XmlElement, run: Run, flow: FlowPort): Promise<Step> {
  const started = new Date();
  let taken: Taken = { frames: [], digits: '', spoke: false };
  try {
    if (verb.attributes['playBeep'] !== 'false') await leg.playThrough(run, [beep(BEEP_MS)]);
    await take(leg, verb, run, (now) => {
      taken = now;
    });
  } finally {
    leg.sink = null;
    leg.keySink = null;
    if (run.cause === 'hangup' && taken.spoke) {
      flow.afterHangUp(verb, actionParams(leg, keep(leg, verb, taken, started), 'hangup'));
    }
  }
  if (!taken.spoke) return null;
  const params = actionParams(leg, keep(leg, verb, taken, started), taken.digits);
  const self = { ...verb, attributes: { ...verb.attributes, action: verb.attributes['action'] ?? flow.baseUrl ?? '' } };
  return flow.jump(self, params);
}

interface Taken {
  frames: Uint8Array[];
  digits: string;
  spoke: boolean;
}

function take(leg: Leg, verb: XmlElement, run: Run, progress: (taken: Taken) => void): Promise<void> {
  const timeoutMs = Number(verb.attributes['timeout'] ?? DEFAULTS.timeoutS) * 1000;
  const maxLengthMs = Number(verb.attributes['maxLength'] ?? DEFAULTS.maxLengthS) * 1000;
  const finishKeys = verb.attributes['finishOnKey'] ?? DEFAULTS.finishOnKey;
  const taken: Taken = { frames: [], digits: '', spoke: false };
  progress(taken);
  let silentMs = 0;
  return run.until(
    new Promise<void>((resolve) => {
      leg.sink = (frame) => {
        taken.frames.push(frame.bytes);
        const silent = isSilence(frame.bytes);
        taken.spoke ||= !silent;
        silentMs = silent ? silentMs + TICK_MS : 0;
        if (taken.frames.length * TICK_MS >= maxLengthMs || (timeoutMs > 0 && silentMs >= timeoutMs)) resolve();
      };
      leg.keySink = (digit) => {
        if (!finishKeys.includes(digit)) return;
        taken.digits = digit;
        resolve();
      };
    }),
  );
}

function keep(leg: Leg, verb: XmlElement, taken: Taken, startedAt: Date): Recording {
  const recording: Recording = {
    sid: leg.world.random.sid('RE'),
    callSid: leg.sid,
    source: 'RecordVerb',
    channels: 1,
    startedAt,
    inbound: joinBytes(taken.frames),
    outbound: null,
    readyMs: performance.now() + leg.world.faults.recordingDelayMs,
  };
  announce(leg, verb, recording);
  return recording;
}

function recordingUrl(leg: Leg, recording: Recording): string {
  return `${leg.world.apiUrl()}/2010-04-01/Accounts/${leg.world.accountSid}/Recordings/${recording.sid}`;
}

function actionParams(leg: Leg, recording: Recording, digits: string): [string, string][] {
  return [
    ['RecordingUrl', recordingUrl(leg, recording)],
    ['RecordingSid', recording.sid],
    ['RecordingDuration', String(recordingSeconds(recording))],
    ...(digits === '' ? [] : [['Digits', digits] as [string, string]]),
  ];
}

/** Stores the recording; its callback goes out when it can be fetched. */
function announce(leg: Leg, element: XmlElement, recording: Recording): void {
  const { world } = leg;
  world.recordings.add(recording);
  const url = element.attributes['recordingStatusCallback'];
  const events = (element.attributes['recordingStatusCallbackEvent'] ?? 'completed').split(' ');
  if (url === undefined || !events.includes('completed')) return;
  world.callbacks.send({
    callSid: leg.rootSid,
    url,
    afterMs: world.faults.recordingDelayMs,
    method: element.attributes['recordingStatusCallbackMethod'] === 'GET' ? 'GET' : 'POST',
    params: [
      ['AccountSid', world.accountSid],
      ['CallSid', leg.sid],
      ['RecordingSid', recording.sid],
      ['RecordingUrl', recordingUrl(leg, recording)],
      ['RecordingStatus', 'completed'],
      ['RecordingDuration', String(recordingSeconds(recording))],
      ['RecordingChannels', String(recording.channels)],
      ['RecordingStartTime', recording.startedAt.toUTCString()],
      ['RecordingSource', recording.source],
      ['RecordingTrack', element.attributes['track'] ?? 'both'],
    ],
    record: (asked) => leg.webhooks.push(asked),
  });
}

/** `<Start><Recording>`: both sides in the background until the call ends. */
export function startRecording(leg: Leg, verb: XmlElement): void {
  const element = verb.children[0];
  if (!element) return;
  if (leg.recordings.some(({ status }) => status !== 'stopped'))
    leg.world.complain(`${leg.sid}: <Start><Recording> while a recording is under way`);
  leg.recordings.push(new CallRecording(leg, element, (recording) => announce(leg, element, recording)));
}
