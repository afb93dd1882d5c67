import type { DataSource } from 'typeorm';
import { KnowledgeDocumentEntity } from '../../entities/knowledge-document.ts';
import { createCallHistory } from '../services/call-log.ts';
import type { Recordings } from '../services/recordings.ts';
import type { PageRequest, PageRoute } from './guard.ts';
import type { ConsoleResponse } from './message.ts';
import { page } from './page.ts';
import { callView, dashboardView, knowledgeView } from './pages.ts';
import { nothingHere } from './refusal.ts';

const RECENT_CALLS = 10;
const DOCUMENTS_MAX = 2_000;
const CALL_SID = /^[\w-]{1,64}$/;
const RECORDING_SID = /^RE[0-9a-fA-F]{32}$/;
const SOUND_TIMEOUT_MS = 10_000;

export interface OverviewDeps {
  dataSource: DataSource;
  recordings: Pick<Recordings, 'audio' | 'heard'>;
  /** ms since the epoch. */
  now(): number;
}

export function overviewRoutes({ dataSource, recordings, now }: OverviewDeps): PageRoute[] {
  const history = createCallHistory(dataSource);

  async function dashboard(request: PageRequest): Promise<ConsoleResponse> {
    const at = now();
    const [statistics, recent] = await Promise.all([
      history.statistics(at, request.store.timeZone),
      history.recent(RECENT_CALLS),
    ]);
    return page(request, 'dashboard', dashboardView({ words: request.words, at: new Date(at), statistics, recent }));
  }

  async function knowledge(request: PageRequest): Promise<ConsoleResponse> {
    const documents = dataSource.getRepository(KnowledgeDocumentEntity);
    const found = await documents.find({ order: { sortOrder: 'ASC', id: 'ASC' }, take: DOCUMENTS_MAX });
    return page(request, 'knowledge-base', knowledgeView(found));
  }

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
    { method: 'GET', path: '/admin/dashboard', role: 'viewer', handler: dashboard },
    { method: 'GET', path: '/admin/knowledge-base', role: 'viewer', handler: knowledge },
    { method: 'GET', path: '/admin/calls/:sid', role: 'viewer', handler: call },
    { method: 'GET', path: '/admin/recordings/:of/:sid', role: 'viewer', handler: sound },
  ];
}
