import type { CallbackRequest } from '../../../entities/callback-request.ts';
import {
  callbackLimits,
  type CallMade,
  callbackViews,
  type SeenRequest,
  type Taken,
} from '../../services/callback-desk.ts';
import { type CallbackPolicy, isCallbackTime } from '../../services/callback-window.ts';
import { callbackTopics } from '../../directory/console-changes.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import { nothingHere } from '../refusal.ts';
import type { DeskParts } from './parts.ts';
import {
  assignedWords,
  assigneeOptions,
  chosenAssignee,
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

const LIST = '/admin/callbacks';
const CALL_SID = /^[\w-]{1,64}$/;

const stateWords: Record<CallbackRequest['status'], { words: string; tone: string }> = {
  open: { words: 'open', tone: 'idle' },
  dialing: { words: 'Aida is calling', tone: 'live' },
  calling: { words: 'being called', tone: 'live' },
  unanswered: { words: 'not reached', tone: 'warn' },
  answered: { words: 'reached by Aida', tone: 'good' },
  done: { words: 'done', tone: 'good' },
};

const outcomes: Record<string, { how: CallMade; sentence: string }> = {
  reached: { how: 'reached', sentence: 'Done: the caller was reached.' },
  missed: { how: 'not reached', sentence: 'Nobody answered. It stays on the list.' },
  back: { how: 'put back', sentence: 'It is back on the list.' },
};

type Parts = Pick<DeskParts, 'callbacks' | 'people' | 'callbackPolicy' | 'changed' | 'now'>;

export function callbackRoutes(parts: Parts): PageRoute[] {
  const { callbacks, people, callbackPolicy, changed, now } = parts;
  const pathOf = (callSid: string) => `${LIST}/${callSid}`;

  function requestView(request: PageRequest, asked: CallbackRequest) {
    const { words } = request;
    const { status, windowStart, windowEnd, callingSince, doneAt, lastAttemptAt, callSid } = asked;
    const isOpen = status !== 'done' && status !== 'answered';
    const at = now();
    return {
      ...asked,
      href: pathOf(callSid),
      call: `/admin/calls/${encodeURIComponent(callSid)}`,
      caller: numberFor(request, asked.number),
      tel: mayWork(request) ? `tel:${asked.number}` : null,
      state: stateWords[status],
      isOpen,
      isIdle: status === 'open' || status === 'unanswered',
      isMine: status === 'calling' && asked.assignee === request.who.name,
      from: words.when(windowStart),
      fromIso: words.iso(windowStart),
      until: words.when(windowEnd),
      untilIso: words.iso(windowEnd),
      isLate: isOpen && windowEnd.getTime() < at,
      due: dueWords(asked, at),
      calling: callingSince && spanWords(at - callingSince.getTime()),
      lastAttempt: lastAttemptAt && { at: words.when(lastAttemptAt), iso: words.iso(lastAttemptAt) },
      done: doneAt && { at: words.when(doneAt), iso: words.iso(doneAt) },
    };
  }

  async function list(request: PageRequest): Promise<ConsoleResponse> {
    const { search, who } = request;
    const view = oneOf(search.get('view'), callbackViews);
    const after = search.get('after');
    const [found, counts, policy] = await Promise.all([
      callbacks.page({ view, who: who.name, after: after !== null && CALL_SID.test(after) ? after : null }),
      callbacks.counts(new Date(now())),
      callbackPolicy(),
    ]);
    return page(request, 'desk/callbacks', {
      view,
      counts,
      policy: policyWords(policy),
      aida: aidaProblem(policy, request.store.timeZone, now()),
      views: callbackViews.map((each) => ({ view: each, href: `${LIST}?view=${each}`, isCurrent: each === view })),
      requests: found.requests.map((asked) => requestView(request, asked)),
      here: request.query === '' ? LIST : `${LIST}?${request.query}`,
      next: found.next === null ? null : `${LIST}?view=${view}&after=${found.next}`,
      mayWork: mayWork(request),
    });
  }

  async function one(request: PageRequest, more: Record<string, unknown> = {}, status = 200): Promise<ConsoleResponse> {
    const asked = await find(request);
    if (!asked) return nothingHere(request);
    const policy = await callbackPolicy();
    return page(
      request,
      'desk/callback',
      {
        asked: requestView(request, asked),
        people: assigneeOptions(await people(), asked.assignee),
        aida: aidaProblem(policy, request.store.timeZone, now()),
        typed: asked.note,
        limits: callbackLimits,
        problem: request.search.has('changed') ? 'Somebody else was quicker: this is how it is now.' : '',
        mayWork: mayWork(request),
        ...more,
      },
      status,
    );
  }

  const find = async ({ params: { sid = '' } }: PageRequest): Promise<CallbackRequest | null> =>
    CALL_SID.test(sid) ? callbacks.request(sid) : null;

  /** A change of one request; `to`: where to go then, else where the form came from. */
  function act(
    change: (seen: SeenRequest, request: PageRequest) => Promise<Taken>,
    sentence: (request: PageRequest) => string,
  ): PageRoute['handler'] {
    return async (request) => {
      const { sid: callSid = '' } = request.params;
      if (!CALL_SID.test(callSid)) return nothingHere(request);
      const result = await change({ callSid, version: seenVersion(request) }, request);
      if (result === 'gone') return nothingHere(request);
      if (result !== 'changed') return lookAgain(pathOf(callSid));
      await changed(...callbackTopics);
      return done(request, LIST, sentence(request));
    };
  }

  async function assign(seen: SeenRequest, request: PageRequest): Promise<Taken> {
    return callbacks.assign(seen, request.who, await chosenAssignee(request, people));
  }

  async function wish(request: PageRequest): Promise<ConsoleResponse> {
    const problem = aidaProblem(await callbackPolicy(), request.store.timeZone, now());
    if (problem !== null) return one(request, { problem }, 409);
    return act(
      (seen, { who }) => callbacks.wish(seen, who),
      () => 'Aida calls as soon as a line is free.',
    )(request);
  }

  async function note(request: PageRequest): Promise<ConsoleResponse> {
    const asked = await find(request);
    if (!asked) return nothingHere(request);
    const typed = typedText(request.form.get('note'), callbackLimits.noteCharsMax);
    const result = await callbacks.note({ callSid: asked.callSid, version: seenVersion(request) }, request.who, typed);
    if (result === 'gone') return nothingHere(request);
    if (result === 'stale') {
      const problem = 'This was changed meanwhile. Below is what you typed; save it to put it over what stands there.';
      return one(request, { typed, problem, theirs: asked.note }, 409);
    }
    await changed(...callbackTopics);
    return done(request, pathOf(asked.callSid), 'Saved.');
  }

  async function made(seen: SeenRequest, { form, who }: PageRequest): Promise<Taken> {
    const { how } = outcomes[form.get('how') ?? ''] ?? { how: 'put back' };
    return callbacks.made(seen, who, how, (await callbackPolicy()).attemptsMax);
  }

  const post = deedOf(LIST);
  return [
    { method: 'GET', path: LIST, role: 'viewer', handler: list },
    { method: 'GET', path: `${LIST}/:sid`, role: 'viewer', handler: (request) => one(request) },
    post('assign', act(assign, assignedWords)),
    post('note', note),
    post(
      'call',
      act(
        (seen, { who }) => callbacks.take(seen, who),
        () => 'It is yours: Aida does not call meanwhile. Say below how it went.',
      ),
    ),
    post(
      'made',
      act(made, ({ form }) => outcomes[form.get('how') ?? '']?.sentence ?? 'It is back on the list.'),
    ),
    post('wish', wish),
    post(
      'done',
      act(
        (seen, { who }) => callbacks.finish(seen, who),
        () => 'Done.',
      ),
    ),
    post(
      'reopen',
      act(
        (seen, { who }) => callbacks.reopen(seen, who),
        () => 'It is open again.',
      ),
    ),
  ];
}

/** Why Aida cannot be asked to call now; null: it can. */
function aidaProblem(policy: CallbackPolicy, timeZone: string, at: number): string | null {
  if (isCallbackTime(policy, timeZone, at)) return null;
  return `Aida calls from ${policy.openTime} to ${policy.closeTime} on the store’s clock, and it is not that time now.`;
}

function policyWords({ offered, dialler, openTime, closeTime, attemptsMax }: CallbackPolicy): string {
  const offer = offered
    ? 'Callers who wait are offered a call back.'
    : 'Callers are not offered a call back at present.';
  const who = dialler
    ? `Aida calls by itself from ${openTime} to ${closeTime}, ${attemptsMax} times at most.`
    : 'People call; Aida only when asked to.';
  return `${offer} ${who}`;
}

function dueWords({ windowStart, windowEnd }: CallbackRequest, at: number): string {
  if (at < windowStart.getTime()) return `from ${spanWords(windowStart.getTime() - at)} on`;
  const leftMs = windowEnd.getTime() - at;
  return leftMs < 0 ? `${spanWords(-leftMs)} late` : `within ${spanWords(leftMs)}`;
}
