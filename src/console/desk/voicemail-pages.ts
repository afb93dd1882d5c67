import {
  type Changed,
  type DeskMessage,
  type MessageQuery,
  messageViews,
  type SeenMessage,
  voicemailLimits,
} from '../../services/voicemail-desk.ts';
import { messageTopics } from '../../directory/console-changes.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import { durationWords } from '../words.ts';
import type { DeskParts } from './parts.ts';
import {
  assignedWords,
  assigneeOptions,
  chosenAssignee,
  backTo,
  deedOf,
  done,
  lookAgain,
  mayWork,
  numberFor,
  oneOf,
  seenVersion,
  spanWords,
  typedText,
} from './shown.ts';

const LIST = '/admin/voicemail';
const RECORDING_SID = /^RE[0-9a-fA-F]{32}$/;

const soundWords: Partial<Record<DeskMessage['status'], string>> = {
  pending: 'The sound is on its way from the carrier.',
  lost: 'The carrier had no sound of it any more.',
};

type Parts = Pick<DeskParts, 'messages' | 'people' | 'jobs' | 'changed' | 'now'>;

export function voicemailRoutes(parts: Parts): PageRoute[] {
  const { messages, people, jobs, changed, now } = parts;
  const pathOf = (recordingSid: string) => `${LIST}/${recordingSid}`;

  function messageView(request: PageRequest, message: DeskMessage) {
    const { words } = request;
    const { createdAt, durationS, status, fromNumber, doneAt } = message;
    return {
      ...message,
      href: pathOf(message.recordingSid),
      call: `/admin/calls/${encodeURIComponent(message.callSid)}`,
      from: numberFor(request, fromNumber),
      tel: mayWork(request) && fromNumber !== '' ? `tel:${fromNumber}` : null,
      left: words.when(createdAt),
      leftIso: words.iso(createdAt),
      age: spanWords(now() - createdAt.getTime()),
      duration: durationWords(durationS),
      sound: status === 'new' || status === 'heard' ? `/admin/recordings/voicemail/${message.recordingSid}` : null,
      soundProblem: soundWords[status] ?? null,
      done: doneAt && { at: words.when(doneAt), iso: words.iso(doneAt) },
    };
  }

  async function list(request: PageRequest): Promise<ConsoleResponse> {
    const { search, who } = request;
    const query = queryOf(search, who.name);
    const [found, counts, topics] = await Promise.all([messages.page(query), messages.counts(), messages.topics()]);
    return page(request, 'desk/voicemail', {
      view: query.view,
      topic: query.topic ?? '',
      topics: [{ value: '', label: 'Any topic' }, ...topics.map((topic) => ({ value: topic, label: topic }))],
      counts,
      views: messageViews.map((view) => ({ view, href: `${LIST}?view=${view}`, isCurrent: view === query.view })),
      messages: found.messages.map((message) => messageView(request, message)),
      here: request.query === '' ? LIST : `${LIST}?${request.query}`,
      next: found.next && nextPage(search, found.next.at, found.next.recordingSid),
      mayWork: mayWork(request),
    });
  }

  async function one(request: PageRequest, more: Record<string, unknown> = {}, status = 200): Promise<ConsoleResponse> {
    const message = await find(request);
    if (!message) return nothingHere(request);
    return page(
      request,
      'desk/message',
      {
        message: messageView(request, message),
        people: assigneeOptions(await people(), message.assignee),
        typed: { topic: message.topic, note: message.note },
        limits: voicemailLimits,
        problem: request.search.has('changed') ? 'Somebody else was quicker: this is how it is now.' : '',
        mayWork: mayWork(request),
        ...more,
      },
      status,
    );
  }

  async function find({ params: { sid = '' } }: PageRequest): Promise<DeskMessage | null> {
    return RECORDING_SID.test(sid) ? messages.message(sid) : null;
  }

  /** A change of one message, and what is said of it. */
  function act(
    change: (seen: SeenMessage, request: PageRequest) => Promise<Changed>,
    sentence: (request: PageRequest) => string,
  ): PageRoute['handler'] {
    return async (request) => {
      const { sid = '' } = request.params;
      if (!RECORDING_SID.test(sid)) return nothingHere(request);
      const result = await change({ recordingSid: sid, version: seenVersion(request) }, request);
      if (result === 'gone') return done(request, LIST, 'This message is gone: somebody deleted it.');
      if (result === 'stale') return lookAgain(pathOf(sid));
      await changed(...messageTopics);
      return done(request, LIST, sentence(request));
    };
  }

  async function assign(seen: SeenMessage, request: PageRequest): Promise<Changed> {
    return messages.assign(seen, request.who, await chosenAssignee(request, people));
  }

  async function describe(request: PageRequest): Promise<ConsoleResponse> {
    const message = await find(request);
    if (!message) return nothingHere(request);
    const { form, who } = request;
    const { topicCharsMax, noteCharsMax } = voicemailLimits;
    const texts = {
      topic: typedText(form.get('topic'), topicCharsMax).replaceAll('\n', ' '),
      note: typedText(form.get('note'), noteCharsMax),
    };
    const seen = { recordingSid: message.recordingSid, version: seenVersion(request) };
    const result = await messages.describe(seen, who, texts);
    if (result === 'gone') return nothingHere(request);
    if (result === 'stale') {
      const problem =
        'Somebody else changed this message meanwhile. Below is what you typed; save it to put it over theirs.';
      return one(request, { typed: texts, problem, theirs: { topic: message.topic, note: message.note } }, 409);
    }
    await changed(...messageTopics);
    return done(request, pathOf(message.recordingSid), 'Saved.');
  }

  /** It leaves every list at once; sound and row go wherever they are, the carrier's too. */
  async function remove(request: PageRequest): Promise<ConsoleResponse> {
    const { sid: recordingSid = '' } = request.params;
    if (!RECORDING_SID.test(recordingSid)) return nothingHere(request);
    const result = await messages.discard({ recordingSid, version: seenVersion(request) }, request.who);
    if (result === 'stale') return lookAgain(pathOf(recordingSid));
    // Should there be no room for the job, the hourly round finds it.
    if (result === 'changed')
      await jobs.enqueue('recording.delete', `voicemail:${recordingSid}`, { of: 'voicemail', recordingSid });
    await changed(...messageTopics);
    const back = backTo(request, LIST);
    return done(
      { ...request, form: new URLSearchParams({ back: back.startsWith(pathOf(recordingSid)) ? LIST : back }) },
      LIST,
      'The message is deleted.',
    );
  }

  const post = deedOf(LIST);
  return [
    { method: 'GET', path: LIST, role: 'viewer', handler: list },
    { method: 'GET', path: `${LIST}/:sid`, role: 'viewer', handler: (request) => one(request) },
    post('assign', act(assign, assignedWords)),
    post(
      'done',
      act(
        (seen, { who }) => messages.finish(seen, who),
        () => 'Done.',
      ),
    ),
    post(
      'reopen',
      act(
        (seen, { who }) => messages.reopen(seen, who),
        () => 'It is open again.',
      ),
    ),
    post('describe', describe),
    post('delete', remove),
  ];
}

function queryOf(search: URLSearchParams, who: string): MessageQuery {
  const [at = '', recordingSid = ''] = (search.get('after') ?? '').split(' ');
  const time = new Date(at);
  return {
    view: oneOf(search.get('view'), messageViews),
    who,
    topic: search.get('topic') || null,
    after: RECORDING_SID.test(recordingSid) && !Number.isNaN(time.getTime()) ? { at: time, recordingSid } : null,
  };
}

function nextPage(search: URLSearchParams, at: Date, recordingSid: string): string {
  const next = new URLSearchParams(search);
  next.set('after', `${at.toISOString()} ${recordingSid}`);
  return `${LIST}?${next.toString()}`;
}
