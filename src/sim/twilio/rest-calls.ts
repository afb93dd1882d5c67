import type { Leg } from './leg.ts';
import { notFound, type RestAnswer, type RestAsk, restError } from './rest-answer.ts';
import { rfc2822 } from './status.ts';
import type { World } from './world.ts';

const UPDATE_FIELDS = ['Url', 'Method', 'Twiml', 'Status', 'FallbackUrl', 'FallbackMethod', 'TimeLimit'];
export const TWIML_CHARS_MAX = 4_000;
const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 1_000;

export function fetchCall(world: World, sid: string): RestAnswer {
  const leg = world.legs.get(sid);
  return leg ? { status: 200, body: callJson(leg) } : notFound(`/Calls/${sid}.json`);
}

/** Redirects (`Url`, `Twiml`) or ends (`Status`) a live call; 21220 when it is over. */
export function updateCall(world: World, sid: string, ask: RestAsk): RestAnswer {
  const leg = world.legs.get(sid);
  if (!leg) return notFound(`/Calls/${sid}.json`);
  const fault = formFault(ask.form);
  if (fault) {
    world.complain(`REST update of ${sid}: ${fault}`);
    return restError(400, 21_218, fault);
  }
  if (leg.final) return restError(400, 21_220, 'Call is not in-progress. Cannot redirect.');
  const status = ask.form.get('Status');
  const [url, twiml] = [ask.form.get('Url'), ask.form.get('Twiml')];
  const isAhead = leg.options.direction === 'outbound-api' && leg.answeredMs === null;
  if (status === null && isAhead) return restError(400, 21_220, 'Call is not in-progress. Cannot redirect.');
  if (status === 'canceled' && leg.answeredMs !== null)
    return restError(400, 21_220, 'Call is in-progress. Cannot cancel.');
  if (status !== null) leg.end(status === 'canceled' ? 'canceled' : 'completed', 'service');
  else if (twiml !== null) redirect(leg, { twiml });
  else if (url !== null) redirect(leg, { url, method: ask.form.get('Method') === 'GET' ? 'GET' : 'POST' });
  return { status: 200, body: callJson(leg) };
}

function redirect(leg: Leg, to: NonNullable<Leg['redirect']>): void {
  leg.redirect = to;
  leg.stopRun('redirected');
}

function formFault(form: URLSearchParams): string | null {
  const unknown = [...form.keys()].find((name) => !UPDATE_FIELDS.includes(name));
  if (unknown !== undefined) return `${unknown} is not known`;
  const given = ['Url', 'Twiml', 'Status'].filter((name) => form.has(name));
  if (given.length !== 1) return `one of Url, Twiml, Status is needed, not ${given.length}`;
  const url = form.get('Url');
  if (url !== null && !/^https?:\/\//.test(url)) return `Url ${url} is not absolute`;
  const twiml = form.get('Twiml');
  if (twiml !== null && (twiml === '' || twiml.length > TWIML_CHARS_MAX)) return `Twiml of ${twiml.length} characters`;
  const status = form.get('Status');
  return status === null || status === 'completed' || status === 'canceled' ? null : `Status ${status} cannot be set`;
}

/** `Status`, `From`, `To` filter; pages by `PageSize` and `Page`, the newest call first. */
export function listCalls(world: World, query: URLSearchParams): RestAnswer {
  const size = Math.min(Number(query.get('PageSize') ?? PAGE_SIZE) || PAGE_SIZE, PAGE_SIZE_MAX);
  const page = Number(query.get('Page') ?? 0) || 0;
  const [status, from, to] = [query.get('Status'), query.get('From'), query.get('To')];
  const found = [...world.legs.values()]
    .toReversed()
    .filter(
      (leg) =>
        (status === null || leg.status === status) &&
        (from === null || leg.options.from === from) &&
        (to === null || leg.options.to === to),
    );
  const uriOf = (number: number): string => {
    const next = new URLSearchParams(query);
    next.set('PageSize', String(size));
    next.set('Page', String(number));
    return `/2010-04-01/Accounts/${world.accountSid}/Calls.json?${next.toString()}`;
  };
  const more = found.length > (page + 1) * size;
  return {
    status: 200,
    body: {
      calls: found.slice(page * size, (page + 1) * size).map(callJson),
      page,
      page_size: size,
      start: page * size,
      end: Math.min(found.length, (page + 1) * size) - 1,
      uri: uriOf(page),
      first_page_uri: uriOf(0),
      next_page_uri: more ? uriOf(page + 1) : null,
      previous_page_uri: page > 0 ? uriOf(page - 1) : null,
    },
  };
}

export function callJson(leg: Leg): object {
  const { from, to, direction, parentSid } = leg.options;
  return {
    sid: leg.sid,
    parent_call_sid: parentSid,
    account_sid: leg.world.accountSid,
    status: leg.status,
    direction,
    from,
    to,
    start_time: rfc2822(leg.createdAt),
    end_time: leg.endedAt ? rfc2822(leg.endedAt) : null,
    duration: leg.final ? String(leg.durationS()) : null,
    price: null,
    price_unit: 'USD',
    answered_by: null,
    caller_name: null,
    forwarded_from: null,
    api_version: '2010-04-01',
    uri: `/2010-04-01/Accounts/${leg.world.accountSid}/Calls/${leg.sid}.json`,
    subresource_uris: {},
  };
}
