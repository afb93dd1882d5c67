import { type EntityManager, In } from 'typeorm';
import type { CallLog, TranscriptLine } from '../../entities/call-log.ts';
import { type Promotion, PromotionEntity } from '../../entities/promotion.ts';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { ToolExecutionEntity } from '../../entities/tool-execution.ts';
import { type Turn, TurnEntity } from '../../entities/turn.ts';
import { inConversationOrder } from '../services/call-log.ts';
import { isTimeZone } from '../services/local-time.ts';
import { localMinute } from '../services/promotions.ts';
import { isLocalMinute, storeDefaults } from '../services/store-check.ts';
import { promotionAbout } from './about-promotion.ts';
import { intentsOf } from './intents.ts';
import type { Projection } from './projection.ts';
import { isBefore } from './stored-fact.ts';

/** What was said and heard, in order; what of the assistant nobody heard is no line of it. */
export function transcriptOf(turns: readonly Turn[]): TranscriptLine[] {
  const stored = turns.toSorted((left, right) => (isBefore(left, right) ? -1 : 1));
  return inConversationOrder(stored).flatMap((turn): TranscriptLine[] => {
    const at = turn.at.toISOString();
    if (turn.who === 'caller') return [{ who: 'caller', text: turn.text, at, cut: false }];
    // Never reported as heard: the line broke before that was known.
    if (turn.heardText === null) return [{ who: 'assistant', text: turn.text, at, cut: true }];
    return turn.heardText === '' ? [] : [{ who: 'assistant', text: turn.heardText, at, cut: turn.cut }];
  });
}

/** Promotions that a store ever had, the newest; and the clock on its wall. */
interface Offered {
  promotions: Promotion[];
  timeZone: string;
}

const PROMOTIONS_MAX = 200;

async function offered(manager: EntityManager): Promise<Offered> {
  const promotions = await manager.find(PromotionEntity, { order: { endsLocal: 'DESC' }, take: PROMOTIONS_MAX });
  const settings = await manager.findOneBy(StoreSettingsEntity, { id: 1 });
  return {
    promotions: promotions.filter(
      ({ startsLocal, endsLocal }) => isLocalMinute(startsLocal) && isLocalMinute(endsLocal),
    ),
    timeZone: settings && isTimeZone(settings.timeZone) ? settings.timeZone : storeDefaults.timeZone,
  };
}

function aboutOf({ startedAt, endedAt }: CallLog, turns: readonly Turn[], { promotions, timeZone }: Offered) {
  const span = {
    startLocal: localMinute(startedAt.getTime(), timeZone),
    endLocal: localMinute((endedAt ?? startedAt).getTime(), timeZone),
  };
  // What of the assistant nobody heard told the caller nothing.
  const said = turns.map(({ who, text, heardText }) => ({ who, text: heardText ?? text }));
  return promotionAbout(said, promotions, span);
}

async function finish(manager: EntityManager, calls: readonly CallLog[], now: number): Promise<CallLog[]> {
  if (calls.length === 0) return [];
  const callSid = In(calls.map((call) => call.callSid));
  const turns = Map.groupBy(await manager.findBy(TurnEntity, { callSid }), (turn) => turn.callSid);
  const runs = await manager.find(ToolExecutionEntity, {
    where: { callSid },
    select: { callSid: true, toolCallId: true, name: true },
  });
  const tools = Map.groupBy(runs, (run) => run.callSid);
  const known = turns.size > 0 ? await offered(manager) : null;
  return calls.map((call) => {
    const own = turns.get(call.callSid) ?? [];
    const names = (tools.get(call.callSid) ?? []).map(({ name }) => name);
    const intents = intentsOf({ turns: own, tools: names, outcome: call.outcome });
    const promotionSlug = known && own.length > 0 ? aboutOf(call, own, known) : null;
    const processedAt = call.processedAt ?? new Date(now);
    return { ...call, transcript: transcriptOf(own), processedAt, intents, promotionSlug };
  });
}

/** Once a call is over, its transcript and what the caller wanted. */
export const transcripts: Projection = {
  name: 'transcripts',
  writes: ['call_log.transcript', 'call_log.processed_at', 'call_log.intents', 'call_log.promotion_slug'],
  async apply({ manager, calls, now }) {
    const over = [...calls.values()].filter((row) => row.endedAt !== null);
    for (const row of await finish(manager, over, now)) calls.set(row.callSid, row);
  },
};
