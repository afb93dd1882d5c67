import type { DataSource, SelectQueryBuilder } from 'typeorm';
import { type Voicemail, VoicemailEntity } from '../../entities/voicemail.ts';
import type { Audit, Who } from './audit.ts';

/** A message as the pages show it. */
export type DeskMessage = Omit<Voicemail, 'audio'>;

export const messageViews = ['open', 'mine', 'done', 'all'] as const;
export type MessageView = (typeof messageViews)[number];

export const voicemailLimits = {
  pageRows: 25,
  topicCharsMax: 120,
  noteCharsMax: 2_000,
  /** Topics that a list offers to choose from. */
  topicsMax: 50,
  /** A badge that says more says nothing. */
  badgeMax: 999,
} as const;

export interface MessageQuery {
  view: MessageView;
  /** Name of whoever asks, for `mine`. */
  who: string;
  /** Exactly this one; null for any. */
  topic: string | null;
  /** Where the page before ended. */
  after: MessagePlace | null;
}

/** Where a page ended: time and id of its last row. */
export interface MessagePlace {
  at: Date;
  recordingSid: string;
}

export interface MessagePage {
  messages: DeskMessage[];
  next: MessagePlace | null;
}

/** `stale`: somebody changed it since it was shown; `gone`: there is no such message any more. */
export type Changed = 'changed' | 'stale' | 'gone';

/** A message, and the state in which it was seen. */
export interface SeenMessage {
  recordingSid: string;
  version: number;
}

export interface DeskDeps {
  dataSource: DataSource;
  audit: Pick<Audit, 'note'>;
}

/** Messages for those who answer them. Every method rejects as the database does; every change is audited with it. */
export interface VoicemailDesk {
  /** Open ones oldest first, so that nobody waits for ever; others newest first. */
  page(query: MessageQuery): Promise<MessagePage>;
  message(recordingSid: string): Promise<DeskMessage | null>;
  /** Open ones, and of these those that nobody has heard. */
  counts(): Promise<{ open: number; unheard: number }>;
  topics(): Promise<string[]>;
  /** '' for nobody. */
  assign(seen: SeenMessage, who: Who, assignee: string): Promise<Changed>;
  finish(seen: SeenMessage, who: Who): Promise<Changed>;
  reopen(seen: SeenMessage, who: Who): Promise<Changed>;
  describe(seen: SeenMessage, who: Who, texts: { topic: string; note: string }): Promise<Changed>;
  /** Out of every list at once; a job deletes it wherever it is. */
  discard(seen: SeenMessage, who: Who): Promise<Changed>;
}

/** What was left, and is neither recorded again nor deleted. Its sound may still be on its way. */
const KEPT = "message.status <> 'discarded'";
const PLACE = 'coalesce((SELECT created_at FROM voicemail WHERE recording_sid = :sid), :at)';
const OPEN = `${KEPT} AND message.doneAt IS NULL`;

export function createVoicemailDesk({ dataSource, audit }: DeskDeps): VoicemailDesk {
  const rows = dataSource.getRepository(VoicemailEntity);

  async function change(
    { recordingSid, version }: SeenMessage,
    values: Partial<Voicemail>,
    act: { who: Who; action: string; detail?: Record<string, unknown> },
  ): Promise<Changed> {
    return await dataSource.transaction(async (manager) => {
      const { affected } = await manager
        .createQueryBuilder()
        .update(VoicemailEntity)
        .set({ ...values, version: version + 1 })
        .where("recordingSid = :recordingSid AND version = :version AND status <> 'discarded'", {
          recordingSid,
          version,
        })
        .execute();
      if (affected === 1) {
        await audit.note({ ...act, subject: recordingSid }, manager);
        return 'changed';
      }
      const left = await manager.findOneBy(VoicemailEntity, { recordingSid });
      return left === null || left.status === 'discarded' ? 'gone' : 'stale';
    });
  }

  return {
    async page({ view, who, topic, after }) {
      const asked = viewed(rows.createQueryBuilder('message'), view, who);
      if (topic !== null) asked.andWhere('message.topic = :topic', { topic });
      const direction = view === 'open' || view === 'mine' ? 'ASC' : 'DESC';
      if (after) {
        const beyond = direction === 'ASC' ? '>' : '<';
        // The database's times are finer than a Date: its own is asked for, while the row is there.
        asked.andWhere(`(message.createdAt, message.recordingSid) ${beyond} (${PLACE}, :sid)`, {
          at: after.at,
          sid: after.recordingSid,
        });
      }
      const found = await asked
        .orderBy('message.createdAt', direction)
        .addOrderBy('message.recordingSid', direction)
        .limit(voicemailLimits.pageRows + 1)
        .getMany();
      const messages = found.slice(0, voicemailLimits.pageRows);
      const last = found.length > messages.length ? messages.at(-1) : undefined;
      return { messages, next: last ? { at: last.createdAt, recordingSid: last.recordingSid } : null };
    },

    async message(recordingSid) {
      const message = await rows.findOneBy({ recordingSid });
      return message?.status === 'discarded' ? null : message;
    },

    async counts() {
      const { badgeMax } = voicemailLimits;
      const [found] = await dataSource.query<{ open: number; unheard: number }[]>(
        `SELECT count(*)::int AS open, count(*) FILTER (WHERE status IN ('pending', 'new'))::int AS unheard
         FROM (SELECT status FROM voicemail WHERE done_at IS NULL AND status <> 'discarded' LIMIT $1) AS first`,
        [badgeMax],
      );
      return found ?? { open: 0, unheard: 0 };
    },

    async topics() {
      const found = await dataSource.query<{ topic: string }[]>(
        `SELECT topic FROM voicemail WHERE status <> 'discarded' AND topic <> ''
         GROUP BY topic ORDER BY count(*) DESC, topic LIMIT $1`,
        [voicemailLimits.topicsMax],
      );
      return found.map(({ topic }) => topic);
    },

    assign: (seen, who, assignee) =>
      change(seen, { assignee }, { who, action: 'voicemail.assigned', detail: { assignee } }),

    finish: (seen, who) => change(seen, { doneAt: new Date(), doneBy: who.name }, { who, action: 'voicemail.done' }),

    reopen: (seen, who) => change(seen, { doneAt: null, doneBy: '' }, { who, action: 'voicemail.reopened' }),

    describe: (seen, who, { topic, note }) => change(seen, { topic, note }, { who, action: 'voicemail.described' }),

    discard: (seen, who) => change(seen, { status: 'discarded', note: '' }, { who, action: 'voicemail.deleted' }),
  };
}

function viewed(asked: SelectQueryBuilder<Voicemail>, view: MessageView, who: string): SelectQueryBuilder<Voicemail> {
  if (view === 'all') return asked.where(KEPT);
  if (view === 'done') return asked.where(`${KEPT} AND message.doneAt IS NOT NULL`);
  return view === 'open' ? asked.where(OPEN) : asked.where(`${OPEN} AND message.assignee = :who`, { who });
}

/** Another text after each change of what the list of open messages shows. */
export async function messageState(dataSource: DataSource): Promise<string> {
  const [found] = await dataSource.query<{ state: string }[]>(
    `SELECT concat_ws(' ', count(*), sum(version), count(transcript), count(*) FILTER (WHERE status = 'new'),
       count(*) FILTER (WHERE status = 'heard'), max(done_at)) AS state
     FROM (SELECT version, transcript, status, done_at FROM voicemail WHERE status <> 'discarded' ORDER BY created_at DESC LIMIT 500) AS latest`,
  );
  return found?.state ?? '';
}
