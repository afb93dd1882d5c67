import type { ErasureFact } from '../../machines/call-events.ts';
import { callKeys, outboxKey, partitionOf, partitionTags } from './keys.ts';
import type { RedisLink, RedisScan } from './redis.ts';
import { readReply, readTexts, unknownKind } from './reply.ts';
import { forgetCallScript, tellErasureScript } from './scripts/forget-call.ts';

/** A call that Redis knows, live or over for less than a day. */
export interface StoredCall {
  callSid: string;
  from: string;
  state: string;
  /** The final status, null while the call lives. */
  ended: string | null;
}

/** Tags hold no character that a pattern gives a meaning to but their braces, which have none. */
const patternOf = (what: 'call' | 'log'): string => `{p*}:${what}:*`;

function callSidOf(key: string, what: 'call' | 'log'): string | null {
  const partition = partitionTags.find((tag) => key.startsWith(`{${tag}}:${what}:`));
  return partition === undefined ? null : key.slice(`{${partition}}:${what}:`.length);
}

/** Every call that Redis has a hash of, in pieces; one may come twice. */
export async function* storedCalls(link: RedisLink & RedisScan): AsyncGenerator<StoredCall[]> {
  for await (const keys of link.scan(patternOf('call'))) {
    const found = await Promise.all(
      keys.map(async (key): Promise<StoredCall[]> => {
        const callSid = callSidOf(key, 'call');
        if (callSid === null) return [];
        const texts = readTexts(await link.command('hmget', key, 'from', 'state', 'ended'));
        const [from = '', state = '', ended = ''] = texts;
        return [{ callSid, from, state, ended: ended === '' ? null : ended }];
      }),
    );
    yield found.flat();
  }
}

/** CallSids of every journal that Redis has, in pieces; one may come twice. */
export async function* storedJournals(link: RedisScan): AsyncGenerator<string[]> {
  for await (const keys of link.scan(patternOf('log')))
    yield keys.flatMap((key) => {
      const callSid = callSidOf(key, 'log');
      return callSid === null ? [] : [callSid];
    });
}

export type ForgetCall =
  /** The fact stands in the outbox behind all others of the call. */
  | 'forgotten'
  /** Nothing was touched. */
  | 'live';

/** Deletes journal and hash of a call that is over and tells the consumers of its facts so, in one step. */
export async function forgetCall(link: RedisLink, callSid: string, fact: ErasureFact): Promise<ForgetCall> {
  const { call, log, outbox, due } = callKeys(callSid);
  const reply = readReply(await link.run(forgetCallScript, [call, log, outbox, due], [callSid, JSON.stringify(fact)]));
  if (reply.kind === 'forgotten' || reply.kind === 'live') return reply.kind;
  throw unknownKind(reply);
}

/** Tells the consumers of facts of an erasure by itself: of its number, and of no call. */
export async function tellErasure(link: RedisLink, fact: ErasureFact): Promise<void> {
  const outbox = outboxKey(partitionOf(fact.erasureId));
  const reply = readReply(await link.run(tellErasureScript, [outbox], [fact.erasureId, JSON.stringify(fact)]));
  if (reply.kind !== 'told') throw unknownKind(reply);
}
