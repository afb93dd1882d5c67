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
const SUSPECTS_MAX = 10_000;
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

/** A call of a batch that was not read, and may be why. */
interface Suspect {
  /** So many are read together next time. */
  size: number;
  /** Times that it was not read though nothing else can have been the reason. */
  faults: number;
  /** Calls read until then. */
  readBefore: number;
}

interface Wanted {
  callSid: string;
  inputHash: string;
}

/**
 * Has a chat model read calls that the rules have read, in batches, the oldest first. Where it cannot, or the day's
 * tokens are used up, what the rules say stands. A call whose turns change meanwhile is not written. What was not read
 * takes turns with what was never tried, in batches half as large each time: one bad call holds up nothing but itself.
 */
export class ModelReading {
  private readonly deps: ModelReadingDeps;
  /** By CallSid, whoever waits longest first. */
  private readonly suspects = new Map<string, Suspect>();
  private areSuspectsNext = false;
  private readCount = 0;
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
    const { dataSource, chat, budget } = this.deps;
    const found = await this.next();
    if (found.length === 0) return 0;
    const hashes = new Map(found.map(({ callSid, inputHash }) => [callSid, inputHash]));
    const calls = await dataSource.getRepository(CallLogEntity).findBy({ callSid: In([...hashes.keys()]) });
    let readable = [...(await readCalls(dataSource.manager, calls, store))];
    const conversations = () => readable.map(([, { conversation }]) => conversation);
    // What is left of the day's tokens may do for some of them.
    let tokens = tokensAtMost(conversations());
    while (!(await budget.take(tokens))) {
      if (readable.length <= 1) return 0;
      readable = readable.slice(0, readable.length >> 1);
      tokens = tokensAtMost(conversations());
    }
    let used = tokens;
    try {
      const answer = await readByModel(conversations(), store.words, chat, this.ending.signal);
      used = answer.tokens;
      return await this.write(readable, answer.understood, hashes);
    } catch (error) {
      const callSids = readable.map(([callSid]) => callSid);
      if (error instanceof ChatFault && !this.ending.signal.aborted)
        await this.suspect(callSids, error.retryable, hashes);
      throw error;
    } finally {
      await budget.giveBack(Math.max(0, tokens - used));
    }
  }

  /** Calls that were never tried and suspects take turns, as long as there are both. */
  private async next(): Promise<Wanted[]> {
    const kinds = this.areSuspectsNext ? [true, false] : [false, true];
    for (const areSuspects of kinds) {
      const found = await (areSuspects ? this.nextSuspects() : this.wanted([...this.suspects.keys()], false));
      if (found.length === 0) continue;
      this.areSuspectsNext = !areSuspects;
      return found;
    }
    return [];
  }

  private async nextSuspects(): Promise<Wanted[]> {
    for (let [first] = this.suspects.values(); first; [first] = this.suspects.values()) {
      const { size } = first;
      const callSids = [...this.suspects].flatMap(([callSid, own]) => (own.size === size ? [callSid] : []));
      const together = callSids.slice(0, size);
      const found = await this.wanted(together, true);
      // Others have read them, or they are too old by now.
      const still = new Set(found.map(({ callSid }) => callSid));
      for (const callSid of together) if (!still.has(callSid)) this.suspects.delete(callSid);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Of these, or of all others. */
  private wanted(callSids: readonly string[], ofThese: boolean): Promise<Wanted[]> {
    const since = new Date(this.deps.now() - HOURS_MAX * 3_600_000);
    return this.deps.dataSource.query<Wanted[]>(WANTED, [since, chatLimits.callsMax, callSids, ofThese]);
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
      this.suspects.delete(callSid);
      this.readCount += 1;
    }
    for (const callSid of left) await this.suspect([callSid], false, hashes);
    return written;
  }

  /**
   * They were not read together. Who was alone is to blame, unless the model may be too busy for anybody: it is not when
   * it has read others since the last time. After some faults the rules have the last word.
   */
  private async suspect(
    callSids: readonly string[],
    mayBeBusy: boolean,
    hashes: ReadonlyMap<string, string>,
  ): Promise<void> {
    const size = Math.ceil(callSids.length / 2);
    for (const callSid of callSids) {
      const before = this.suspects.get(callSid);
      const isBusy = mayBeBusy && (before?.readBefore ?? this.readCount) === this.readCount;
      const faults = (before?.faults ?? 0) + (callSids.length === 1 && !isBusy ? 1 : 0);
      this.suspects.delete(callSid);
      if (faults < TRIES_MAX) {
        if (this.suspects.size >= SUSPECTS_MAX) this.suspects.clear();
        this.suspects.set(callSid, { size, faults, readBefore: this.readCount });
        continue;
      }
      const which = { callSid, inputHash: hashes.get(callSid) ?? '', classifier: RULES };
      await this.deps.dataSource.getRepository(CallUnderstandingEntity).update(which, { reading: 'failed' });
    }
  }
}

/** Calls with nothing said have nothing to read. */
const WANTED = `
  SELECT call_sid AS "callSid", input_hash AS "inputHash"
  FROM call_log JOIN call_understanding USING (call_sid)
  WHERE started_at > $1 AND (call_sid = ANY($3)) = $4 AND ended_at IS NOT NULL AND classifier = '${RULES}' AND reading = 'none'
    AND EXISTS (SELECT 1 FROM turn WHERE turn.call_sid = call_log.call_sid AND who = 'caller')
  ORDER BY started_at LIMIT $2`;

const DUE = `
  INSERT INTO figure_due (call_sid, minutes) SELECT call_sid, ARRAY[minute] FROM call_figure WHERE call_sid = $1
  ON CONFLICT (call_sid) DO UPDATE SET minutes =
    ARRAY(SELECT DISTINCT unnest(figure_due.minutes || excluded.minutes) ORDER BY 1)`;
