import { type Account, accountOf, disagreements } from '../account.ts';
import { everything, placesOf } from '../everything.ts';
import { matcherOf } from '../caller/words.ts';
import { eventually } from '../eventually.ts';
import { parseTwiml } from '../twilio/twiml.ts';
import { deadAirOf } from './dead-air.ts';
import type { PartyCall } from './party.ts';
import type { Expectation } from './scenario.ts';
import type { Stage } from './stage.ts';

/** Dead air that is allowed where a scenario says nothing: twice what is promised, on a machine that runs tests. */
const DEAD_AIR_S = 4;
/** So many digits in a row tell a number. */
const TELLING = 7;
const ROW_MS_MAX = 15_000;

/** What a scenario left behind: its caller's calls are looked at one after the other as one. */
export interface Evidence {
  stage: Stage;
  calls: readonly PartyCall[];
  /** Of each call; empty where Redis is gone. */
  accounts: readonly Account[];
}

type Scalar = string | number | boolean | null;

/** The journals of the calls once they say that they have ended. */
export function accountsOf(stage: Stage, calls: readonly PartyCall[]): Promise<Account[]> {
  return Promise.all(calls.map(({ call }) => accountOf(stage, call)));
}

/** What was expected and is not so, a sentence each. */
export async function unmet(expect: Expectation, evidence: Evidence): Promise<string[]> {
  return [
    ...unheard(expect, evidence),
    ...unended(expect, evidence),
    ...(evidence.accounts.length > 0 ? unjournaled(expect, evidence) : []),
    ...(await unwritten(expect, evidence)),
    ...(await stored(expect, evidence)),
  ];
}

function unheard({ heard = [], notHeard = [], deadAirS = DEAD_AIR_S }: Expectation, { calls, stage }: Evidence) {
  const all = calls.flatMap(({ call }) => call.heard().filter(({ speaker }) => speaker !== 'caller'));
  const failures: string[] = [];
  let rest = all.map(({ text }) => text);
  for (const pattern of heard) {
    const end = prefixWith(pattern, rest);
    if (end === null) failures.push(`not heard, or not in its place: ${pattern}`);
    else rest = rest.slice(end);
  }
  const text = all.map((one) => one.text).join(' ');
  for (const pattern of notHeard) if (matcherOf(pattern)?.(text)) failures.push(`heard: ${pattern}`);
  for (const one of calls) {
    const { fromMs, toMs } = deadAirOf(one);
    const spareMs = stage.stalls.longest(one.call.leg.originMs + fromMs, one.call.leg.originMs + toMs);
    if (toMs - fromMs > deadAirS * 1000 + spareMs)
      failures.push(`${seconds(toMs - fromMs)} of dead air from ${seconds(fromMs)} on, ${deadAirS} s are allowed`);
  }
  return failures;
}

/** How many of the texts, joined, hold the pattern; null where all of them do not. The last of them stays for what follows. */
function prefixWith(pattern: string, texts: readonly string[]): number | null {
  const matches = matcherOf(pattern);
  for (let from = 0; from < texts.length; from += 1)
    for (let to = from + 1; to <= Math.min(texts.length, from + 2); to += 1)
      if (matches?.(texts.slice(from, to).join(' '))) return to - 1;
  return null;
}

function unended(expect: Expectation, { calls }: Evidence): string[] {
  const failures: string[] = [];
  const last = calls.at(-1)?.call;
  if (!last) return ['nobody called'];
  const { status = 'completed', ended, streams, clears, verbs = [] } = expect;
  if (last.status !== status) failures.push(`the call is ${last.status}, not ${status}`);
  const by = last.endedBy === 'phone' ? 'caller' : last.endedBy === 'service' ? 'aida' : last.endedBy;
  if (ended !== undefined && by !== ended) failures.push(`the call was ended by ${by}, not ${ended}`);
  const open = calls.flatMap(({ call }) => call.streams);
  if (streams !== undefined && open.length !== streams) failures.push(`${open.length} streams, not ${streams}`);
  const cleared = open.reduce((sum, stream) => sum + stream.clears.length, 0);
  if (clears !== undefined && cleared !== clears)
    failures.push(`the carrier was told to fall silent ${cleared} times, not ${clears}`);
  const seen = calls.flatMap(({ call }) => call.documents.flatMap(({ twiml }) => verbsOf(twiml)));
  const missing = firstMissing(verbs, seen, (verb, one) => verb === one);
  if (missing !== null) failures.push(`no ${missing} in its place among ${seen.join(' ') || 'no verbs'}`);
  return failures;
}

function verbsOf(twiml: string): string[] {
  return parseTwiml(twiml, null).verbs.map(({ name }) => name);
}

function unjournaled(expect: Expectation, { accounts, stage, calls }: Evidence): string[] {
  const facts = accounts.flatMap((account) => account.facts);
  const failures: string[] = [];
  const said = facts.flatMap((fact) => {
    if (fact.type === 'caller.said') return [{ who: 'caller', text: fact.text }];
    return fact.type === 'assistant.heard' && fact.text !== '' ? [{ who: 'assistant', text: fact.text }] : [];
  });
  const turns = (expect.said ?? []).map((turn) =>
    'caller' in turn ? { who: 'caller', text: turn.caller } : { who: 'assistant', text: turn.assistant },
  );
  const unsaid = firstMissing(
    turns,
    said,
    (turn, one) => turn.who === one.who && matcherOf(turn.text)?.(one.text) === true,
  );
  if (unsaid !== null)
    failures.push(
      `the journal has no "${unsaid.text}" of the ${unsaid.who} in its place: ${said.map(({ who, text }) => `${who}: ${text}`).join(' | ')}`,
    );
  const asked = facts.flatMap((fact) => (fact.type === 'tool.asked' ? [fact] : []));
  const unasked = firstMissing(expect.tools ?? [], asked, isTool);
  if (unasked !== null)
    failures.push(
      `tool ${JSON.stringify(unasked)} was not asked for in its place: ${asked.map(({ name, arguments: given }) => `${name} ${given}`).join(', ') || 'none'}`,
    );
  for (const name of expect.notTools ?? [])
    if (asked.some((one) => one.name === name)) failures.push(`tool ${name} was asked for`);
  const absent = firstMissing(expect.facts ?? [], facts, (wanted, fact) => hasFields(wanted, fact));
  if (absent !== null) failures.push(`no fact ${JSON.stringify(absent)} in its place; ${nearest(absent, facts)}`);
  for (const type of expect.notFacts ?? [])
    if (facts.some((fact) => fact.type === type)) failures.push(`there is a fact ${type}`);
  const sessions = facts.filter((fact) => 'sessionId' in fact && fact.sessionId !== null).length;
  if (expect.sessions !== undefined && sessions !== expect.sessions)
    failures.push(`${sessions} model sessions, not ${expect.sessions}`);
  if (accounts.some(({ state }) => state !== 'ended')) failures.push('the journal does not say that the call ended');
  accounts.forEach((account, index) => {
    const call = calls[index]?.call;
    if (call && stage.model) failures.push(...disagreements(stage, call, account));
  });
  return failures;
}

/** The facts of the type that was looked for, for whoever reads the failure. */
function nearest(wanted: Readonly<Record<string, Scalar>>, facts: readonly object[]): string {
  const alike = facts.filter((fact) => 'type' in fact && fact.type === wanted['type']);
  return alike.length === 0 ? 'none of that type' : alike.map((fact) => JSON.stringify(fact)).join(', ');
}

function isTool(
  wanted: string | Readonly<Record<string, Readonly<Record<string, string>>>>,
  asked: { name: string; arguments: string },
): boolean {
  if (typeof wanted === 'string') return wanted === asked.name;
  const [[name, given] = ['', {}]] = Object.entries(wanted);
  if (name !== asked.name) return false;
  const found = parsed(asked.arguments);
  return Object.entries(given).every(([key, pattern]) => matcherOf(pattern)?.(String(found[key] ?? '')) === true);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}

/** The first of `wanted` that does not follow the others in `found`; others may stand between. */
function firstMissing<W, F>(wanted: readonly W[], found: readonly F[], is: (one: W, other: F) => boolean): W | null {
  let from = 0;
  for (const one of wanted) {
    const at = found.findIndex((other, index) => index >= from && is(one, other));
    if (at < 0) return one;
    from = at + 1;
  }
  return null;
}

function hasFields(wanted: Readonly<Record<string, Scalar>>, found: object): boolean {
  const known = found as Readonly<Record<string, unknown>>;
  return Object.entries(wanted).every(([key, value]) => isSame(value, known[key] ?? null));
}

function isSame(wanted: Scalar, found: unknown): boolean {
  if (typeof wanted !== 'string') return wanted === found;
  const text = typeof found === 'object' && found !== null ? JSON.stringify(found) : String(found);
  return /^\/.+\/$/.test(wanted) ? matcherOf(wanted)?.(text) === true : wanted === text;
}

async function unwritten(expect: Expectation, { stage, calls }: Evidence): Promise<string[]> {
  const { outcome, intents, rows = {} } = expect;
  const wanted = Object.entries(rows);
  const sid = calls.at(-1)?.call.sid ?? '';
  const ofCall: Record<string, Scalar> = outcome === undefined ? {} : { outcome };
  if (intents !== undefined) ofCall['intents'] = JSON.stringify(intents);
  if (Object.keys(ofCall).length > 0) wanted.push(['call_log', [ofCall]]);
  const failures: string[] = [];
  for (const [table, expected] of wanted) {
    const sids = table === 'call_log' ? [sid] : calls.map(({ call }) => call.sid);
    const isMet = (found: readonly object[]): boolean =>
      firstMissing(expected, found, hasFields) === null && (expected.length > 0 || found.length === 0);
    const found = await eventually(() => rowsOf(stage, table, sids), isMet, ROW_MS_MAX).catch(
      (error: unknown) => `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (typeof found === 'string') failures.push(`rows of ${table} ${found}`);
    else if (!isMet(found))
      failures.push(`rows of ${table}: ${JSON.stringify(found)} do not hold ${JSON.stringify(expected)}`);
  }
  return failures;
}

function rowsOf(stage: Stage, table: string, sids: readonly string[]): Promise<object[]> {
  return stage.rows.query<object[]>(`SELECT * FROM "${table}" WHERE call_sid = ANY($1)`, [sids]);
}

async function stored({ neverStored = [] }: Expectation, { stage }: Evidence): Promise<string[]> {
  if (neverStored.length === 0) return [];
  const written = await everything(stage);
  return neverStored.flatMap((digits) =>
    placesOf(digits, TELLING, written).map((place) => `${digits} stands in ${place.slice(0, 80)}`),
  );
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
