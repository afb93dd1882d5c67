import type { DataSource } from 'typeorm';
import { createCallHistory } from '../services/call-log.ts';
import type { Recordings } from '../services/recordings.ts';
import type { PageRequest, PageRoute } from './guard.ts';
import type { ConsoleResponse } from './message.ts';
import { page } from './page.ts';
import { callView } from './pages.ts';
import { nothingHere } from './refusal.ts';

const CALL_SID = /^[\w-]{1,64}$/;
const RECORDING_SID = /^RE[0-9a-fA-F]{32}$/;
const SOUND_TIMEOUT_MS = 10_000;

export interface OverviewDeps {
  dataSource: DataSource;
  recordings: Pick<Recordings, 'audio' | 'heard'>;
}

export function overviewRoutes({ dataSource, recordings }: OverviewDeps): PageRoute[] {
  const history = createCallHistory(dataSource);

  async function call(request: PageRequest): Promise<ConsoleResponse> {
    const { sid = '' } = request.params;
    const record = CALL_SID.test(sid) ? await history.record(sid) : null;
    return record ? page(request, 'call', callView(request.words, record)) : nothingHere(request);
  }

  /** The sound of a message or of a call; a message that somebody listens to is heard. */
  async function sound(request: PageRequest): Promise<ConsoleResponse> {
    const { of, sid = '' } = request.params;
    if ((of !== 'voicemail' && of !== 'call') || !RECORDING_SID.test(sid)) return nothingHere(request);
    const found = await recordings.audio(of, sid, AbortSignal.timeout(SOUND_TIMEOUT_MS));
    if (!found) return nothingHere(request);
    if (of === 'voicemail') await recordings.heard(sid);
    return {
      status: 200,
      headers: { 'content-type': found.contentType, 'cache-control': 'no-store' },
      body: found.audio,
    };
  }

  return [
    { method: 'GET', path: '/admin/calls/:sid', role: 'viewer', handler: call },
    { method: 'GET', path: '/admin/recordings/:of/:sid', role: 'viewer', handler: sound },
  ];
}
