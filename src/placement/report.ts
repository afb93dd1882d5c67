import type { DrainReport, NodeReport } from '../directory/node-desk.ts';
import { asideOf } from './admission.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AccountBooks } from './account-books.ts';
import type { FleetSnapshot } from './placement.ts';

const MICROS_PER_DOLLAR = 1_000_000;

/** New calls that each limit would let in, from the tightest on. */
export function headrooms({
  fleet,
  ceilings,
  spend,
}: Pick<FleetSnapshot, 'fleet' | 'ceilings' | 'spend'>): [string, number][] {
  const within = (most: number) => Math.max(0, most - fleet.load);
  const accounts = ceilings.map(([limit, calls]): [string, number] => [limit, within(calls)]);
  const all: [string, number][] = [
    ['nodes', within(fleet.capacity - fleet.kept)],
    ...accounts,
    ['spend', spend.state === 'spent' ? 0 : Infinity],
  ];
  return all.toSorted(([, a], [, b]) => a - b);
}

/** So many calls Aida itself may place: they take nobody's place, and meet the assistant. */
export function freePlaces(snapshot: FleetSnapshot, isModelUsable: boolean): number {
  const [tightest] = headrooms(snapshot);
  return snapshot.fleet.waiting > 0 || asideOf(snapshot, isModelUsable) !== null ? 0 : (tightest?.[1] ?? 0);
}

/** Conversations here that the other nodes have no room for: lost if this node ended now. */
export function stranded({ own, fleet }: Pick<FleetSnapshot, 'own' | 'fleet'>): number {
  const elsewhere = fleet.capacity - own.calls - (fleet.load - own.live - own.reserved);
  return Math.max(0, own.live - Math.max(0, elsewhere));
}

/** What the console shows of this node. `at`: Redis-clock ms. */
export function nodeReport(snapshot: FleetSnapshot, drain: DrainReport, at: number): NodeReport {
  const { own, spend } = snapshot;
  return {
    at,
    capacity: own.calls,
    reason: own.reason,
    held: own.live,
    reserved: own.reserved,
    stranded: stranded(snapshot),
    limits: headrooms(snapshot).map(([limit, calls]) => [limit, Number.isFinite(calls) ? calls : null]),
    spend: { share: spend.share, state: spend.state },
    drain,
  };
}

/** Sets every gauge of placement, before a scrape. */
export function reportPlacement(metrics: Metrics, snapshot: FleetSnapshot, books: AccountBooks): void {
  const { own, fleet, switches } = snapshot;
  metrics.nodeCapacity.reset();
  metrics.nodeCapacity.set({ reason: own.reason }, own.calls);
  metrics.nodeLoad.set({ kind: 'held' }, own.live);
  metrics.nodeLoad.set({ kind: 'reserved' }, own.reserved);
  metrics.fleetNodes.set(fleet.nodes);
  metrics.fleetCapacity.set(fleet.capacity);
  metrics.fleetLoad.set(fleet.load);
  metrics.fleetKept.set(fleet.kept);
  metrics.waitingCallers.set(fleet.waiting);
  metrics.callsStranded.set(stranded(snapshot));
  reportHeadroom(metrics, snapshot);
  reportAccount(metrics, books);
  metrics.switchesSet.reset();
  for (const name of switches.names) metrics.switchesSet.inc({ name: kindOfSwitch(name) });
}

/** Tools are switched one by one: `tool:get_menu`. */
function kindOfSwitch(name: string): string {
  return name.split(':')[0] ?? name;
}

function reportHeadroom(metrics: Metrics, snapshot: FleetSnapshot): void {
  metrics.headroom.reset();
  metrics.limiting.reset();
  const limits = headrooms(snapshot);
  for (const [limit, calls] of limits) if (Number.isFinite(calls)) metrics.headroom.set({ limit }, calls);
  for (const [limit] of limits) metrics.limiting.set({ limit }, limit === limits[0]?.[0] ? 1 : 0);
}

function reportAccount(metrics: Metrics, books: AccountBooks): void {
  metrics.spentDollars.set({ period: 'hour' }, books.spent.hourMicros / MICROS_PER_DOLLAR);
  metrics.spentDollars.set({ period: 'day' }, books.spent.dayMicros / MICROS_PER_DOLLAR);
  metrics.spendShare.set(books.spend.share);
  const { tokens, requests } = books.perCallMinute;
  metrics.modelUse.set({ name: 'tokens' }, tokens);
  metrics.modelUse.set({ name: 'requests' }, requests);
  for (const [name, { limit, left }] of Object.entries(books.allowances ?? {})) {
    metrics.modelAllowance.set({ name, what: 'limit' }, limit);
    metrics.modelAllowance.set({ name, what: 'remaining' }, left);
  }
}
