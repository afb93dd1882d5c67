import { type DataSource, In } from 'typeorm';
import { CallLogEntity } from '../../entities/call-log.ts';
import { CallUnderstandingEntity } from '../../entities/call-understanding.ts';
import type { Log } from '../telemetry/log.ts';
import { ChatFault, chatLimits, type ChatSettings, readByModel, tokensAtMost } from './understanding/chat-model.ts';
import { readStore, type StoreOfCalls } from './understanding/read-store.ts';
import type { Understanding } from './understanding/understanding.ts';
import { readCalls, type ReadableCall, RULES, understandingRow } from './understandings.ts';

const ROUND_MS = 10_000;
/** Older calls stay as the rules read them. */
const HOURS_MAX = 24;
const TRIES_MAX = 3;
const TRIED_MAX = 10_000;
const PAUSE_MS_MAX = 10 * 60_000;

/** Tokens of a day, over all processes. */
export interface TokenBudget {
  /** False: there are none left today. */
  take(tokens: number): Promise<boolean>;
  /** Of what was taken, so much was not used. */
  giveBack(tokens: number): Promise<void>;
}

export interface ModelReadingDeps {
  dataSource: DataSource;
  chat: ChatSettings;
  budget: TokenBudget;
  /** True if this process alone reads for the next while. */
  hold(): Promise<boolean>;
  now(): number;
  log: Pick<Log, 'warn'>;
}

/**
 * Has a chat model read calls that the rules have read, in batches. Where it cannot, or the day's tokens are used up,
 * what the rules say stands. A call whose turns change meanwhile is not written.
 */
export class ModelReading {
  private readonly deps: ModelReadingDeps;
  private readonly tried = new Map<string, number>();
  private readonly ending = new AbortController();
  private timer: NodeJS.Timeout | null = null;
  private reading: Promise<unknown> = Promise.resolve();
  private isReading = false;
  private failures = 0;
  private pausedUntil = 0;

  constructor(deps: ModelReadingDeps) {
    this.deps = deps;
  }

  start(): void {
    this.timer ??= setInterval(() => {
      if (this.isReading || this.deps.now() < this.pausedUntil) return;
      this.isReading = true;
      this.reading = this.round().finally(() => {
        this.isReading = false;
      });
    }, ROUND_MS);
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.ending.abort();
    await this.reading;
  }

  /** Reads one batch. Resolves with how many calls were written. */
  async round(): Promise<number> {
    const { dataSource, hold, log, now } = this.deps;
    try {
      if (!(await hold())) return 0;
      const written = await this.read(await readStore(dataSource.manager));
      this.failures = 0;
      return written;
    } catch (error) {
      this.failures += 1;
      this.pausedUntil = now() + Math.min(PAUSE_MS_MAX, ROUND_MS * 2 ** this.failures);
      log.warn({ err: error }, 'calls not read by the model: what the rules say stands');
      return 0;
    }
  }

  private async read(store: StoreOfCalls): Promise<number> {
    const { dataSource, chat, budget, now } = this.deps;
    const found = await dataSource.query<{ callSid: string; inputHash: string }[]>(WANTED, [
      new Date(now() - HOURS_MAX * 3_600_000),
      chatLimits.callsMax,
    ]);
    const hashes = new Map(found.map(({ callSid, inputHash }) => [callSid, inputHash]));
    const calls = await dataSource.getRepository(CallLogEntity).findBy({ callSid: In([...hashes.keys()]) });
    const readable = [...(await readCalls(dataSource.manager, calls, store))];
    if (readable.length === 0) return 0;
    const conversations = readable.map(([, { conversation }]) => conversation);
    const tokens = tokensAtMost(conversations);
    if (!(await budget.take(tokens))) return 0;
    let used = tokens;
    try {
      const answer = await readByModel(conversations, store.words, chat, this.ending.signal);
      used = answer.tokens;
      return await this.write(readable, answer.understood, hashes);
    } catch (error) {
      if (error instanceof ChatFault && !error.retryable)
        await this.giveUp(
          readable.map(([callSid]) => callSid),
          hashes,
        );
      throw error;
    } finally {
      await budget.giveBack(Math.max(0, tokens - used));
    }
  }

  private async write(
    readable: readonly [string, ReadableCall][],
    understood: readonly (Understanding | null)[],
    hashes: ReadonlyMap<string, string>,
  ): Promise<number> {
    const { dataSource, chat } = this.deps;
    let written = 0;
    const left: string[] = [];
    for (const [index, [callSid, call]] of readable.entries()) {
      const own = understood[index];
      if (!own) {
        left.push(callSid);
        continue;
      }
      const {
        callSid: _,
        inputHash: __,
        ...row
      } = understandingRow(callSid, call, own, {
        classifier: chat.model,
        reading: 'done',
      });
      await dataSource.transaction(async (manager) => {
        // As projections do: first the call's row, then what was understood of it.
        await manager.query('SELECT 1 FROM call_log WHERE call_sid = $1 FOR UPDATE', [callSid]);
        const which = { callSid, inputHash: hashes.get(callSid) ?? '', classifier: RULES };
        const { affected } = await manager.update(CallUnderstandingEntity, which, row);
        if (affected !== 1) return;
        const intents = row.intents.map(({ intent }) => intent);
        await manager.update(CallLogEntity, { callSid }, { intents, promotionSlug: row.promotionSlug });
        await manager.query(DUE, [callSid]);
        written += 1;
      });
      this.tried.delete(callSid);
    }
    await this.giveUp(left, hashes);
    return written;
  }

  /** After some tries the rules have the last word. */
  private async giveUp(callSids: readonly string[], hashes: ReadonlyMap<string, string>): Promise<void> {
    for (const callSid of callSids) {
      const tries = (this.tried.get(callSid) ?? 0) + 1;
      if (this.tried.size >= TRIED_MAX) this.tried.clear();
      this.tried.set(callSid, tries);
      if (tries < TRIES_MAX) continue;
      this.tried.delete(callSid);
      const which = { callSid, inputHash: hashes.get(callSid) ?? '', classifier: RULES };
      await this.deps.dataSource.getRepository(CallUnderstandingEntity).update(which, { reading: 'failed' });
    }
  }
}

/** Calls with nothing said have nothing to read. */
const WANTED = `
  SELECT call_sid AS "callSid", input_hash AS "inputHash"
  FROM call_log JOIN call_understanding USING (call_sid)
  WHERE started_at > $1 AND ended_at IS NOT NULL AND classifier = '${RULES}' AND reading = 'none'
    AND EXISTS (SELECT 1 FROM turn WHERE turn.call_sid = call_log.call_sid AND who = 'caller')
  ORDER BY started_at LIMIT $2`;

const DUE = `
  INSERT INTO figure_due (call_sid, minutes) SELECT call_sid, ARRAY[minute] FROM call_figure WHERE call_sid = $1
  ON CONFLICT (call_sid) DO UPDATE SET minutes =
    ARRAY(SELECT DISTINCT unnest(figure_due.minutes || excluded.minutes) ORDER BY 1)`;
