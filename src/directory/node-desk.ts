import { type NodeName, nodeOrderKey, nodeReportKey } from './keys.ts';
import { directoryLimits } from './limits.ts';
import type { RedisLink } from './redis.ts';
import { readTexts } from './reply.ts';

/** How far a node is on its way out. */
export interface DrainReport {
  stage: 'serving' | 'finishing' | 'leaving' | 'left';
  /** Calls with a stream here. */
  calls: number;
  /** Calls on their way here. */
  expected: number;
  /** Calls that were told to leave and are gone. */
  handedOver: number;
  /** ms until calls are handed over, 0 from then on; null while the node serves. */
  finishInMs: number | null;
}

/** What a node says of itself and of the fleet as it sees it, once a second. */
export interface NodeReport {
  /** Redis-clock ms. */
  at: number;
  /** Calls that it takes at most, and what bounds it: `configured`, `switched`, `loop`, `draining`. */
  capacity: number;
  reason: string;
  held: number;
  reserved: number;
  /** Conversations here that no other node has room for. */
  stranded: number;
  /** New calls that each limit of the fleet would let in, the tightest first; null for no bound. */
  limits: [string, number | null][];
  /** Of what may be spent; and whether it is. */
  spend: { share: number; state: string };
  drain: DrainReport;
}

/** What somebody wants of one process. */
export interface NodeOrder {
  kind: 'drain';
  /** No call may finish first. */
  urgent: boolean;
}

const { nodeReportLifeMs, nodeLeftLifeMs, nodeOrderLifeMs } = directoryLimits;

/** `isLast`: the process ends, and is to be read of for a while. */
export async function writeNodeReport(
  link: RedisLink,
  self: NodeName,
  report: NodeReport,
  isLast: boolean,
): Promise<void> {
  const lifeMs = isLast ? nodeLeftLifeMs : nodeReportLifeMs;
  await link.command('set', nodeReportKey(self), JSON.stringify(report), 'PX', lifeMs);
}

/** Null for a process that says nothing: it is gone, or of a release that does not. */
export async function readNodeReport(link: RedisLink, of: NodeName): Promise<NodeReport | null> {
  const [text = ''] = readTexts([(await link.command('get', nodeReportKey(of))) ?? '']);
  // Only processes of this project write it; the shape is theirs.
  return text === '' ? null : (JSON.parse(text) as NodeReport);
}

/** For one process and not for its successor; it looks once a second. */
export async function orderNode(link: RedisLink, to: NodeName, order: NodeOrder): Promise<void> {
  await link.command('set', nodeOrderKey(to), JSON.stringify(order), 'PX', nodeOrderLifeMs);
}

/** What is wanted of this process; it may be told again. */
export async function readNodeOrder(link: RedisLink, self: NodeName): Promise<NodeOrder | null> {
  const [text = ''] = readTexts([(await link.command('get', nodeOrderKey(self))) ?? '']);
  if (text === '') return null;
  const order = JSON.parse(text) as { kind?: unknown; urgent?: unknown };
  return order.kind === 'drain' ? { kind: 'drain', urgent: order.urgent === true } : null;
}
