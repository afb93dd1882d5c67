import type { DataSource } from 'typeorm';
import { type Block, readBlocks } from '../../directory/callers.ts';
import { DirectoryError } from '../../directory/errors.ts';
import { type FleetNode, readFleet } from '../../directory/fleet.ts';
import { type JobStats, prepareJobs, tidyJobs } from '../../directory/jobs.ts';
import { deadLetterKey, jobLanes, type JobLane, partitionCount } from '../../directory/keys.ts';
import { directoryLimits } from '../../directory/limits.ts';
import { type NodeReport, readNodeReport } from '../../directory/node-desk.ts';
import { outboxStats } from '../../directory/outbox.ts';
import type { RedisLink } from '../../directory/redis.ts';
import { readTexts } from '../../directory/reply.ts';
import { type AuditEntry, readAudit, readSwitches, type SwitchState } from '../../directory/switches.ts';
import { type FigureSpan, figureSpans } from '../../services/figures.ts';
import { addDays } from '../../services/local-time.ts';
import { localMinute } from '../../services/promotions.ts';

/** What was done to the fleet of late, and drains that were ordered, are looked for in so many entries. */
const AUDIT_ENTRIES = 50;
const DRAINS_SHOWN_MS = 3_600_000;
/** Pipelines and figures are counted anew after so long; many pages share one count. */
const COUNTED_MS = 4_000;
const HOUR_MS = 3_600_000;
const HOUR_MINUTES = 60;
const MINUTE_CHARS = 16;

/** A node as it stands. */
export interface NodeState extends FleetNode {
  /** Null: it says nothing of itself. */
  report: NodeReport | null;
  /** Since its last heartbeat, ms. */
  silentMs: number;
  isAlive: boolean;
}

/** A node that somebody ordered to end. */
export interface DrainState {
  node: string;
  incarnation: string;
  by: string;
  reason: string;
  at: number;
  report: NodeReport | null;
  /** It is registered still. */
  isThere: boolean;
}

export interface FleetState {
  /** Redis-clock ms. */
  at: number;
  nodes: NodeState[];
  drains: DrainState[];
  switches: [string, SwitchState][];
}

export interface PipelineState {
  /** Facts that each group has not taken in, and those it set aside. */
  groups: { group: string; behind: number; dead: number }[];
  /** How full the fullest partition of the outbox is, 1 is its bound. */
  fullest: number;
  jobs: (JobStats & { lane: JobLane })[];
}

/** The fleet for those who run it. Every method rejects as Redis or the database does. */
export interface FleetDesk {
  state(): Promise<FleetState>;
  /** As of some seconds ago at most. */
  pipelines(): Promise<PipelineState>;
  /** Minutes of the last hour on the store's clock, those without a call too. */
  lastHour(timeZone: string): Promise<{ minute: string; span: FigureSpan | null }[]>;
  blocks(): Promise<Block[]>;
  acts(): Promise<AuditEntry[]>;
}

export interface FleetDeskDeps {
  link: RedisLink;
  dataSource: DataSource;
  /** Milliseconds since the epoch. */
  now(): number;
}

export function createFleetDesk({ link, dataSource, now }: FleetDeskDeps): FleetDesk {
  const pipelines = shared(COUNTED_MS, now, () => readPipelines(link));
  const hours = new Map<string, () => Promise<{ minute: string; span: FigureSpan | null }[]>>();
  return {
    async state() {
      const [at, fleet, switches, acts] = await Promise.all([
        redisNow(link),
        readFleet(link),
        readSwitches(link),
        readAudit(link, AUDIT_ENTRIES),
      ]);
      const nodes = await Promise.all(fleet.map((node) => nodeState(link, node, at)));
      const ordered = latestDrains(acts.filter((each) => at - each.at < DRAINS_SHOWN_MS));
      const drains = await Promise.all(
        ordered.map(async (drain) => {
          const isThere = fleet.some(({ incarnation }) => incarnation === drain.incarnation);
          return { ...drain, isThere, report: await readNodeReport(link, drain) };
        }),
      );
      return {
        at,
        nodes: nodes.toSorted((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true })),
        drains,
        switches: Object.entries(switches).toSorted(([a], [b]) => a.localeCompare(b)),
      };
    },

    pipelines,

    lastHour(timeZone) {
      let read = hours.get(timeZone);
      if (!read) hours.set(timeZone, (read = shared(COUNTED_MS, now, () => readHour(dataSource, timeZone, now()))));
      return read();
    },

    async blocks() {
      const [at, blocks] = await Promise.all([redisNow(link), readBlocks(link)]);
      return blocks.filter(({ untilMs }) => untilMs > at).toSorted((a, b) => a.caller.localeCompare(b.caller));
    },

    acts: () => readAudit(link, AUDIT_ENTRIES),
  };
}

/** One reading for all who ask within that time. One that failed is not kept. */
function shared<T>(lifeMs: number, now: () => number, read: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | null = null;
  let readAt = -Infinity;
  return () => {
    if (kept && now() - readAt < lifeMs) return kept;
    readAt = now();
    kept = read();
    kept.catch(() => (kept = null));
    return kept;
  };
}

async function redisNow(link: RedisLink): Promise<number> {
  const [seconds = '0', micros = '0'] = readTexts(await link.command('time'));
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

async function nodeState(link: RedisLink, node: FleetNode, at: number): Promise<NodeState> {
  const silentMs = Math.max(0, at - node.heartbeatAt);
  const report = await readNodeReport(link, node);
  return { ...node, report, silentMs, isAlive: silentMs < directoryLimits.heartbeatStaleMs };
}

/** The latest order to each process. */
function latestDrains(acts: readonly AuditEntry[]): Omit<DrainState, 'report' | 'isThere'>[] {
  const found = new Map<string, Omit<DrainState, 'report' | 'isThere'>>();
  for (const { name, value, by, reason, at } of acts) {
    const space = value.lastIndexOf(' ');
    if (name !== 'drain' || space < 1 || found.has(value)) continue;
    found.set(value, { node: value.slice(0, space), incarnation: value.slice(space + 1), by, reason, at });
  }
  return [...found.values()];
}

/** How the fleet audit names the order to a process. */
export const drainValue = ({ node, incarnation }: { node: string; incarnation: string }): string =>
  `${node} ${incarnation}`;

/** Where no worker has run yet there is nobody to ask about. */
async function laneState(link: RedisLink, lane: JobLane): Promise<PipelineState['jobs'][number]> {
  const stats = await tidyJobs(link, lane).catch(async (error: unknown) => {
    if (!(error instanceof DirectoryError)) throw error;
    await prepareJobs(link, lane);
    return tidyJobs(link, lane);
  });
  return { lane, ...stats };
}

async function readPipelines(link: RedisLink): Promise<PipelineState> {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const [stats, jobs] = await Promise.all([
    Promise.all(partitions.map((partition) => outboxStats(link, partition))),
    Promise.all(jobLanes.map((lane) => laneState(link, lane))),
  ]);
  const behind = new Map<string, number>();
  for (const { groups } of stats)
    for (const { group, unread, pending } of groups)
      behind.set(group, (behind.get(group) ?? 0) + Math.max(0, unread) + pending);
  const groups = await Promise.all(
    [...behind].map(async ([group, facts]) => {
      const dead = await Promise.all(
        partitions.map((partition) => link.command('xlen', deadLetterKey(partition, group))),
      );
      return { group, behind: facts, dead: dead.reduce<number>((sum, each) => sum + Number(each), 0) };
    }),
  );
  return {
    groups: groups.toSorted((a, b) => a.group.localeCompare(b.group)),
    fullest: Math.max(0, ...stats.map(({ share }) => share)),
    jobs,
  };
}

async function readHour(
  dataSource: DataSource,
  timeZone: string,
  at: number,
): Promise<{ minute: string; span: FigureSpan | null }[]> {
  const toLocal = localMinute(at, timeZone);
  const from = at - HOUR_MS;
  // Around midnight, and where clocks are set, the minutes are those that the store's clock has shown.
  const minutes = Array.from({ length: HOUR_MINUTES }, (_, index) => localMinute(from + index * 60_000, timeZone));
  const fromLocal = minutes.reduce((least, each) => (each < least ? each : least), toLocal);
  const spans = await figureSpans(dataSource, {
    fromLocal,
    toLocal: `${addDays(toLocal.slice(0, 10), 1)}T00:00`,
    step: 'minute',
  });
  const found = new Map(spans.map((span) => [span.local.slice(0, MINUTE_CHARS), span]));
  return minutes.map((minute) => ({ minute, span: found.get(minute) ?? null }));
}
