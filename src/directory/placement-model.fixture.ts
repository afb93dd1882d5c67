import type { HeartbeatRequest } from './fleet.ts';
import { directoryLimits } from './limits.ts';
import type { PollRequest, WaiterClass } from './queue.ts';
import type { ReserveRequest } from './reservations.ts';

interface ModelNode {
  capacity: number;
  live: number;
  beatAt: number;
}

interface Waiter {
  class: WaiterClass;
  ticket: number;
  dueAt: number;
}

/** What placement is to do, said as simply as possible: everything is counted anew for each answer. */
export class PlacementModel {
  readonly nodes = new Map<string, ModelNode>();
  readonly reservations = new Map<string, { node: string; until: number }>();
  readonly waiters = new Map<string, Waiter>();
  private beatAt: number | null = null;
  private graceUntil = 0;

  load(name: string): number {
    const held = [...this.reservations.values()].filter(({ node }) => node === name).length;
    return (this.nodes.get(name)?.live ?? 0) + held;
  }

  loads(): Record<string, number> {
    return Object.fromEntries([...this.nodes.keys()].map((name) => [name, this.load(name)]));
  }

  private room(name: string): number {
    return (this.nodes.get(name)?.capacity ?? 0) - this.load(name);
  }

  private fresh(now: number): string[] {
    const isFresh = ({ beatAt }: ModelNode) => now - beatAt <= directoryLimits.heartbeatStaleMs;
    return [...this.nodes].flatMap(([name, node]) => (isFresh(node) ? [name] : []));
  }

  figures(now: number) {
    const names = this.fresh(now);
    const caps = names.map((name) => this.nodes.get(name)?.capacity ?? 0);
    const open = caps.filter((capacity) => capacity > 0);
    const lost = [...this.nodes].flatMap(([name, { beatAt, live }]) =>
      !names.includes(name) && now - beatAt <= directoryLimits.nodeLostMs ? [live] : [],
    );
    return {
      nodes: names.length,
      capacity: caps.reduce((sum, capacity) => sum + capacity, 0),
      load: names.reduce((sum, name) => sum + this.load(name), 0),
      kept: Math.max(
        open.length > 1 ? Math.max(...open) : 0,
        lost.reduce((sum, live) => sum + live, 0),
      ),
      waiting: this.waiters.size,
    };
  }

  sweep(now: number): void {
    for (const [sid, { until }] of this.reservations) if (until <= now) this.reservations.delete(sid);
  }

  sweepQueue(now: number): void {
    const isAway = this.beatAt !== null && now - this.beatAt > directoryLimits.heartbeatStaleMs;
    if (isAway) this.graceUntil = now + directoryLimits.queueAwayGraceMs;
    if (now < this.graceUntil) return;
    for (const [sid, { dueAt }] of this.waiters) if (dueAt <= now) this.waiters.delete(sid);
  }

  /** Names of which any may be chosen; none where there is no room. */
  private choices(preferred: string | null, now: number): string[] {
    const names = this.fresh(now);
    if (preferred !== null && names.includes(preferred) && this.room(preferred) >= 1) return [preferred];
    const most = Math.max(...names.map((name) => this.room(name)));
    return most >= 1 ? names.filter((name) => this.room(name) === most) : [];
  }

  private keptPlace(sid: string, now: number): string[] | null {
    const at = this.reservations.get(sid);
    if (!at) return null;
    if (this.fresh(now).includes(at.node) && (this.nodes.get(at.node)?.capacity ?? 0) > 0) return [at.node];
    this.reservations.delete(sid);
    return null;
  }

  /** Nodes of which one must be the answer, or the refusal. */
  reserve(request: ReserveRequest, now: number): { again: boolean; nodes: string[] } | string {
    this.sweep(now);
    const kept = this.keptPlace(request.callSid, now);
    if (kept) return { again: true, nodes: kept };
    if (request.class === 'new' && this.waiters.size > 0) {
      this.sweepQueue(now);
      if (this.waiters.size > 0) return 'queued';
    }
    const { nodes, capacity, kept: room, load } = this.figures(now);
    if (nodes === 0) return 'nowhere';
    if (request.class !== 'live') {
      if (request.ceiling - load < 1 && request.ceiling < capacity - room) return 'full ceiling';
      if (capacity - room - load < 1) return 'full nodes';
    }
    const choices = this.choices(request.preferredNode, now);
    return choices.length > 0 ? { again: false, nodes: choices } : 'full nodes';
  }

  placed(sid: string, node: string, now: number): void {
    this.reservations.set(sid, { node, until: now + directoryLimits.reservationLifeMs });
    this.waiters.delete(sid);
  }

  line(): string[] {
    const rank = ({ class: kind, ticket }: Waiter) => (kind === 'live' ? ticket - 4e15 : ticket);
    return [...this.waiters].toSorted(([, a], [, b]) => rank(a) - rank(b)).map(([sid]) => sid);
  }

  /** As `reserve`; 'waiting' where its turn has not come. */
  poll(request: PollRequest, now: number): { nodes: string[] } | 'waiting' {
    this.sweep(now);
    const kept = this.keptPlace(request.callSid, now);
    if (kept) return { nodes: kept };
    this.sweepQueue(now);
    const { callSid, class: kind, ticket } = request;
    if (!this.waiters.has(callSid)) this.waiters.set(callSid, { class: kind, ticket, dueAt: 0 });
    const rank = this.line().indexOf(callSid);
    const { capacity, kept: room, load } = this.figures(now);
    const rooms = this.fresh(now).map((name) => Math.max(0, this.room(name)));
    const free =
      kind === 'live'
        ? rooms.reduce((sum, one) => sum + one, 0)
        : Math.min(capacity - room - load, request.ceiling - load);
    const choices = rank < free ? this.choices(request.preferredNode, now) : [];
    return choices.length > 0 ? { nodes: choices } : 'waiting';
  }

  renew(sid: string, node: string, now: number): 'renewed' | 'moved' | 'full' {
    this.sweep(now);
    const isHere = this.reservations.get(sid)?.node === node;
    if (!isHere && this.room(node) < 1) return 'full';
    this.placed(sid, node, now);
    return isHere ? 'renewed' : 'moved';
  }

  beat({ self, capacity, liveCalls, held }: HeartbeatRequest, now: number): void {
    this.sweep(now);
    this.sweepQueue(now);
    for (const sid of held) this.reservations.delete(sid);
    this.beatAt = now;
    this.nodes.set(self.node, { capacity, live: liveCalls, beatAt: now });
  }

  retire(node: string): void {
    this.nodes.delete(node);
    for (const [sid, at] of this.reservations) if (at.node === node) this.reservations.delete(sid);
  }

  /** Everything is that much older, but for the nodes that went on beating. */
  pass(ms: number, nodes: 'silent' | 'beating'): void {
    this.graceUntil -= ms;
    if (nodes === 'silent') {
      if (this.beatAt !== null) this.beatAt -= ms;
      for (const node of this.nodes.values()) node.beatAt -= ms;
    }
    for (const reservation of this.reservations.values()) reservation.until -= ms;
    for (const waiter of this.waiters.values()) {
      waiter.dueAt -= ms;
      waiter.ticket -= ms;
    }
  }

  /** True where what is right depends on the moment between two readings of the clock. */
  isUnsure(from: number, to: number): boolean {
    const times = [
      (this.beatAt ?? 0) + directoryLimits.heartbeatStaleMs + 1,
      this.graceUntil,
      ...[...this.nodes.values()].flatMap(({ beatAt }) => [
        beatAt + directoryLimits.heartbeatStaleMs + 1,
        beatAt + directoryLimits.nodeLostMs + 1,
      ]),
      ...[...this.reservations.values()].map(({ until }) => until),
      ...[...this.waiters.values()].map(({ dueAt }) => dueAt),
    ];
    return times.some((at) => at >= from && at <= to);
  }
}
