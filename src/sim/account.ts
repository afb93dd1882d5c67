import type { CallEvent } from '../../machines/call-events.ts';
import { CallActor } from '../calls/actor.ts';
import { readJournal } from '../directory/journal.ts';
import { eventually } from './eventually.ts';
import type { Stack } from './stack.ts';
import type { Stalls } from './stalls.ts';
import type { SimCall } from './twilio/index.ts';
import type { VoiceSpan } from './voice/index.ts';

/** The assistant talks three times as fast as people do: what is to be heard is heard sooner. */
export const CHARS_PER_SECOND = 48;

/** The truncation may differ so much from what was played when the carrier took the clear. */
const TRUNCATION_MS_MAX = 60;
const FRAME_MS = 20;
/** A bridge knows of what was played by echoes, as late as the ticks of both sides. */
const ECHO_MS_MAX = 40;
/** Marks follow each other at most so far apart. */
const MARK_MS_MAX = 600;

/** Where a call was lived. */
export interface Scene extends Pick<Stack, 'link' | 'model'> {
  /** How often the process of the fakes was held up. */
  stalls: Stalls;
}

export type Fact<T extends CallEvent['type']> = Extract<CallEvent, { type: T }>;

type Heard = Fact<'assistant.heard'>;
/** So much of an utterance tells which one it is. */
const BEGINNING_CHARS = 20;

/** What the journal says of a call. */
export interface Account {
  facts: CallEvent[];
  /** Claims in order: `arrive`, `stream`, `next`, … */
  claims: string[];
  state: string;
  outcome: string;
  of<T extends CallEvent['type']>(type: T): Fact<T>[];
  /** Names of tools in the order asked. */
  tools: string[];
}

/** The journal of a call once it says that the call has ended. */
export async function accountOf(world: Pick<Scene, 'link'>, call: SimCall): Promise<Account> {
  return eventually(
    () => readAccount(world, call),
    (account) => account.state === 'ended',
  );
}

export async function readAccount(world: Pick<Scene, 'link'>, call: SimCall): Promise<Account> {
  const entries = await readJournal(world.link, call.sid);
  const facts = entries.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
  const claims = entries.flatMap((entry) => (entry.kind === 'claim' ? [entry.by] : []));
  const actor = CallActor.fold(call.sid, facts);
  const { state, context } = actor;
  actor.stop();
  const of = <T extends CallEvent['type']>(type: T) => facts.filter((fact): fact is Fact<T> => fact.type === type);
  return { facts, claims, state, outcome: context.outcome, of, tools: of('tool.asked').map(({ name }) => name) };
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** An item of the assistant, by the journal and by the caller's ear. */
interface Item {
  said: string;
  heard: Fact<'assistant.heard'>;
  /** A noise had cut it, and it went on: the frame where both meet may be heard in part, and twice. */
  isJoined: boolean;
  /** Null: nothing of it reached the ear. */
  span: VoiceSpan | null;
}

function itemsOf(call: SimCall, account: Account): { items: Item[]; strays: VoiceSpan[] } {
  // What documents play is in the assistant's voice too, and nobody's item.
  const isStreamed = (span: VoiceSpan): boolean => {
    const { startMs } = heardOf(call, span);
    return call.streams.some((one) => startMs >= (one.startedMs ?? Infinity) && startMs < (one.endedMs ?? Infinity));
  };
  const strays = call.leg.ear.reader.spans.filter((span) => span.speaker === 'assistant' && isStreamed(span));
  const items = account.of('assistant.heard').flatMap((heard, index, all): Item[] => {
    // What a noise cut goes on in the same utterance.
    if (isResumed(heard)) return [];
    const said = account.of('assistant.said').find(({ itemId }) => itemId === heard.itemId)?.text ?? '';
    const joined = withRest(heard, all.slice(index + 1));
    const isJoined = joined !== heard;
    const isOf = ({ text }: VoiceSpan): boolean => said.startsWith(isJoined ? text.slice(0, BEGINNING_CHARS) : text);
    const span = strays[0] && isOf(strays[0]) ? strays.shift() : null;
    return [{ said, heard: joined, isJoined, span: span ?? null }];
  });
  return { items, strays };
}

const isResumed = ({ itemId }: Heard): boolean => itemId.startsWith('resumed_');

/** With what was heard of it after the noise that cut it. */
function withRest(heard: Heard, later: readonly Heard[]): Heard {
  if (!heard.cut || heard.heardMs === 0) return heard;
  const next = later.findIndex((one) => !isResumed(one) && one.heardMs > 0);
  const rest = (next < 0 ? later : later.slice(0, next)).filter(isResumed);
  return rest.reduce(
    (sum, { text, heardMs, cut }) => ({
      ...sum,
      text: `${sum.text} ${text}`.trim(),
      heardMs: sum.heardMs + heardMs,
      cut,
    }),
    heard,
  );
}

/** The utterance that the reader's span is of. */
function heardOf(call: SimCall, span: VoiceSpan): { startMs: number; endMs: number } {
  const { ear } = call.leg;
  return ear.utterances()[ear.reader.spans.indexOf(span)] ?? { startMs: 0, endMs: 0 };
}

/**
 * How long news of a cut were on their way between the node and the fake carrier, and how long this process was held
 * up around it: no bridge can know better than that what was played. Machines that run tests are busy.
 */
function uncertainMs(world: Scene, call: SimCall, account: Account, { heard, span }: Item): number {
  if (!span) return 0;
  const { originMs, createdAt } = call.leg;
  const { endMs } = heardOf(call, span);
  const cutAt = account.facts.flatMap((fact) =>
    (fact.type === 'caller.speechStarted' && fact.at <= heard.at) ||
    (fact.type === 'carrier.streamStopped' && fact.at >= heard.at)
      ? [fact.at]
      : [],
  );
  const underWay = Math.min(...cutAt.map((at) => Math.abs(at - createdAt.getTime() - endMs)));
  return underWay + world.stalls.longest(originMs + endMs - MARK_MS_MAX, originMs + endMs + FRAME_MS);
}

/**
 * Where the journal's account of what was heard differs from the caller's ear: uncut answers word for word and
 * without a damaged frame, cut ones within one word.
 */
export function disagreements(world: Scene, call: SimCall, account: Account): string[] {
  const { items, strays } = itemsOf(call, account);
  const faults: string[] = [];
  for (const item of items) {
    const { said, heard, span, isJoined } = item;
    const ear = span?.text ?? '';
    const note = `journal "${heard.text}"${heard.cut ? ' (cut)' : ''}, ear "${ear}"${span?.ended ? '' : ' (cut)'} ${heard.heardMs} of ${heard.totalMs} ms, ear ${(span?.frames ?? 0) * FRAME_MS} ms`;
    const uncertain = ECHO_MS_MAX + uncertainMs(world, call, account, item);
    const spare = (uncertain * CHARS_PER_SECOND) / 1000;
    if (
      isJoined ? !endsAlike(ear, heard.text) : heard.cut ? !withinOneWord(ear, heard.text, spare) : ear !== heard.text
    )
      faults.push(`${note}, uncertain ${Math.round(uncertain)} ms`);
    if (!heard.cut && span?.ended !== true) faults.push(`${note}: not heard to its end`);
    if (!said.startsWith(heard.text)) faults.push(`${note}: never said`);
    if (span && !isJoined && damaged(span)) faults.push(`${note}: damaged frames`);
  }
  return [...faults, ...strays.map((span) => `heard and not journaled: "${span.text}"`)];
}

/** A frame that was cut in its last two milliseconds looks like a broken one. */
function damaged(span: VoiceSpan): boolean {
  return span.missing + span.repeated + span.outOfOrder > 0 || span.corrupt > (span.ended ? 0 : 1);
}

/** A word more or less, and the same last ones. */
function endsAlike(ear: string, journal: string): boolean {
  const [heard, told] = [words(ear), words(journal)];
  const last = (all: readonly string[]): string => all.slice(-2).join(' ');
  return Math.abs(heard.length - told.length) <= 1 && last(heard) === last(told);
}

/** One of them is the beginning of the other; but for `spare` characters they differ by a word at most. */
function withinOneWord(ear: string, journal: string, spare: number): boolean {
  const [short = '', long = ''] = [ear, journal].toSorted((a, b) => a.length - b.length);
  const rest = long.slice(0, Math.max(short.length, long.length - Math.floor(spare)));
  return Math.abs(words(rest).length - words(short).length) <= 1;
}

export interface Cut {
  itemId: string;
  /** What the model was told that the caller heard. */
  toldMs: number;
  /** What the carrier had played when it took the clear. */
  playedMs: number;
  allowedMs: number;
}

/** Every truncation that the model received of this call, beside what was really played. */
export function cutsOf(world: Scene, call: SimCall, account: Account): Cut[] {
  const sessions = new Set(account.of('model.ready').map(({ sessionId }) => sessionId));
  const { items } = itemsOf(call, account);
  const clears = call.streams.flatMap((stream) => stream.clears);
  const truncations = (world.model?.sessions ?? []).flatMap((session) =>
    sessions.has(session.id) ? session.truncations : [],
  );
  return truncations.map(({ itemId, audioEndMs }): Cut => {
    const item = items.find(({ heard }) => heard.itemId === itemId);
    const heard = item?.span ? heardOf(call, item.span) : null;
    const clear = clears.find(({ atMs }) => heard && Math.abs(atMs - heard.endMs) <= 2 * FRAME_MS);
    const playedMs = heard && clear ? clear.atMs - heard.startMs : 0;
    const spareMs = item ? uncertainMs(world, call, account, item) : 0;
    return { itemId, toldMs: audioEndMs, playedMs, allowedMs: TRUNCATION_MS_MAX + spareMs };
  });
}

/** The cuts that are further off than allowed. */
export const wrongCuts = (cuts: readonly Cut[]): Cut[] =>
  cuts.filter(({ toldMs, playedMs, allowedMs }) => Math.abs(toldMs - playedMs) > allowedMs);
