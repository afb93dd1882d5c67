import type { Audit } from '../../services/audit.ts';
import type { Recordings } from '../../services/recordings.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { nothingHere } from '../refusal.ts';

const RECORDING_SID = /^RE[0-9a-fA-F]{32}$/;
const SOUND_TIMEOUT_MS = 10_000;

export interface RecordingDeps {
  recordings: Pick<Recordings, 'audio' | 'heard'>;
  audit: Pick<Audit, 'note'>;
}

/** What can be listened to. */
export function recordingRoutes({ recordings, audit }: RecordingDeps): PageRoute[] {
  /** The sound of a message or of a call: whoever gets it has listened, and a message is heard. */
  async function sound(request: PageRequest): Promise<ConsoleResponse> {
    const { of, sid = '' } = request.params;
    if ((of !== 'voicemail' && of !== 'call') || !RECORDING_SID.test(sid)) return nothingHere(request);
    const found = await recordings.audio(of, sid, AbortSignal.timeout(SOUND_TIMEOUT_MS));
    if (!found) return nothingHere(request);
    await audit.note({ who: request.who, action: `${of}.played`, subject: sid });
    if (of === 'voicemail') await recordings.heard(sid);
    return {
      status: 200,
      headers: { 'content-type': found.contentType, 'cache-control': 'no-store' },
      body: found.audio,
    };
  }

  return [{ method: 'GET', path: '/admin/recordings/:of/:sid', role: 'viewer', handler: sound }];
}
