import { type DataSource, type EntityManager, In } from 'typeorm';
import { type CallLog, CallLogEntity, type TranscriptLine } from '../../entities/call-log.ts';
import { type Promotion, PromotionEntity } from '../../entities/promotion.ts';
import { StoreSettingsEntity } from '../../entities/store-settings.ts';
import { ToolExecutionEntity } from '../../entities/tool-execution.ts';
import { type Turn, TurnEntity } from '../../entities/turn.ts';
import { inConversationOrder } from '../services/call-log.ts';
import { isTimeZone } from '../services/local-time.ts';
import { localMinute } from '../services/promotions.ts';
import { isLocalMinute, storeDefaults } from '../services/store-check.ts';
import { promotionAbout } from './about-promotion.ts';
import { foldCalls, lockCalls, type Projector } from './call-log.ts';
import { concernsCall } from './call-row.ts';
import { intentsOf } from './intents.ts';
import { isBefore } from './stored-fact.ts';
import { applyEpochs, applyToolRuns } from './tool-runs.ts';
import { applyTurns } from './turns.ts';

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

/**
 * Keeps turns, tool runs and epochs, and once a call is over its transcript and what the caller wanted; facts that come
 * later amend them. It folds the call's row as well, for it may be ahead of who keeps that.
 */
export function createConversationProjector(dataSource: DataSource, now: () => number): Projector {
  return async (facts) => {
    if (facts.length === 0) return;
    await dataSource.transaction(async (manager) => {
      const known = await lockCalls(manager, facts);
      const rows = new Map(known);
      for (const row of foldCalls(known, facts.filter(concernsCall))) rows.set(row.callSid, row);
      await applyTurns(manager, facts);
      await applyToolRuns(manager, facts);
      await applyEpochs(manager, facts);
      const over = await finish(
        manager,
        [...rows.values()].filter((row) => row.endedAt !== null),
        now(),
      );
      for (const row of over) rows.set(row.callSid, row);
      const changed = [...rows.values()].filter((row) => row !== known.get(row.callSid));
      if (changed.length > 0) await manager.upsert(CallLogEntity, changed, ['callSid']);
    });
  };
}
