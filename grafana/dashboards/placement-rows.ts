import type { RowSpec } from './panel.ts';
import { fleet, fleetBy, of, orElse, perMinute, perMinuteBy, quantiles, sum, sumBy } from './promql.ts';

const placed: RowSpec = {
  title: 'Room',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'New calls that each limit lets in',
      good: 'the lowest line is far above nothing, and it is "nodes".',
      unit: 'none',
      bounds: { below: [10, 1] },
      runbook: 'CapacityRunningOut',
      width: 6,
      queries: [{ expr: `${fleetBy('limit', 'aida_headroom_calls')}`, legend: '{{limit}}' }],
    },
    {
      kind: 'lines',
      title: 'Load of each node',
      good: 'even: a new call goes where there is most room.',
      unit: 'none',
      bounds: { above: [250, 400] },
      runbook: 'panels/placement',
      width: 6,
      queries: [{ expr: sumBy('instance', 'aida_node_load_calls'), legend: '{{instance}}' }],
    },
    {
      kind: 'lines',
      title: 'Places that no call has',
      good: 'near the calls that are just on their way in: reservations last 20 s.',
      unit: 'none',
      bounds: { above: [20, 100] },
      runbook: 'SlotLeak',
      width: 6,
      queries: [
        {
          expr: `clamp_min(${fleet('aida_fleet_load_calls')} - sum(aida_calls_live), 0)`,
          legend: 'without a call',
        },
        { expr: sum('aida_node_load_calls', 'kind="reserved"'), legend: 'reserved' },
      ],
    },
    {
      kind: 'lines',
      title: 'Calls that asked for a place, per minute',
      good: 'placed. "queued" and "full" are the waiting room, blocked and tooMany are callers who redial.',
      unit: 'none',
      bounds: { above: [500, 1_000] },
      runbook: 'panels/placement',
      width: 6,
      stacked: true,
      queries: [
        { expr: `${perMinuteBy('result', 'aida_admissions_total')} > 0 or on () vector(0)`, legend: '{{result}}' },
      ],
    },
  ],
};

const refused: RowSpec = {
  title: 'No',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Told no with a sentence, per minute',
      good: 'nothing: this is the last thing that callers may hear from us.',
      unit: 'none',
      bounds: { above: [0.1, 5] },
      runbook: 'panels/refusals',
      width: 8,
      queries: [{ expr: perMinuteBy('reason', 'aida_apologies_total'), legend: '{{reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Refused, per minute, by reason',
      good: 'signature and token reasons are strangers; full, queued and late are callers.',
      unit: 'none',
      bounds: { above: [10, 100] },
      runbook: 'panels/refusals',
      width: 8,
      queries: [
        { expr: `${perMinuteBy('reason', 'aida_refusals_total')} > 0 or on () vector(0)`, legend: '{{reason}}' },
      ],
    },
    {
      kind: 'stat',
      title: 'Switches set',
      good: 'none. A switch that is set is a decision of somebody on call.',
      unit: 'none',
      bounds: { above: [1, 2] },
      runbook: 'SwitchForgotten',
      width: 4,
      queries: [{ expr: orElse(0, `sum(${fleetBy('name', 'aida_switches_set')})`), legend: 'set' }],
    },
    {
      kind: 'stat',
      title: 'Held calls that were over, per hour',
      good: 'none: a call leaves its place when it ends.',
      unit: 'none',
      decimals: 0,
      bounds: { above: [1, 5] },
      runbook: 'SlotLeak',
      width: 4,
      queries: [
        {
          expr: orElse(0, `sum by (result) (increase(${of('aida_reconciled_calls_total')}[1h]))`),
          legend: '{{result}}',
        },
      ],
    },
  ],
};

const waiting: RowSpec = {
  title: 'Waiting room and call-backs',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Callers who wait',
      good: 'nobody, or a number that falls.',
      unit: 'none',
      bounds: { above: [20, 100] },
      runbook: 'CallersWait',
      width: 6,
      queries: [
        { expr: fleet('aida_waiting_callers'), legend: 'waiting' },
        { expr: perMinute('aida_positions_announced_total'), legend: 'told their place, per minute' },
      ],
    },
    {
      kind: 'lines',
      title: 'Left the waiting room, per minute',
      good: 'placed. hung_up is a caller lost.',
      unit: 'none',
      bounds: { above: [100, 500] },
      runbook: 'CallersWait',
      width: 6,
      stacked: true,
      queries: [{ expr: perMinuteBy('how', 'aida_waits_ended_total'), legend: '{{how}}' }],
    },
    {
      kind: 'lines',
      title: 'Time in the waiting room',
      good: 'p95 below five minutes.',
      unit: 's',
      bounds: { above: [300, 600] },
      runbook: 'CallersWait',
      width: 6,
      queries: quantiles('aida_waiting_seconds'),
    },
    {
      kind: 'lines',
      title: 'Call-backs, per minute',
      good: 'answered follows placed; unknown is a request whose answer never came.',
      unit: 'none',
      bounds: { above: [20, 100] },
      runbook: 'panels/call-backs',
      width: 6,
      queries: [{ expr: perMinuteBy('result', 'aida_callback_attempts_total'), legend: '{{result}}' }],
    },
  ],
};

const moves: RowSpec = {
  title: 'Calls that moved',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Takeovers, per minute',
      good: 'none on a quiet day; after a node went: resumed (a) or redirected (b), never given up.',
      unit: 'none',
      bounds: { above: [10, 100] },
      runbook: 'NodeLost',
      width: 6,
      queries: [{ expr: perMinuteBy('path, result', 'aida_takeovers_total'), legend: '{{path}}: {{result}}' }],
    },
    {
      kind: 'lines',
      title: 'Time until a broken call goes on',
      good: 'p95 below 3 s.',
      unit: 's',
      bounds: { above: [3, 8] },
      runbook: 'NodeLost',
      width: 6,
      exemplars: true,
      queries: quantiles('aida_resume_seconds'),
    },
    {
      kind: 'lines',
      title: 'Handed over by draining nodes, per minute',
      good: 'left; cut and failed are conversations that heard a break.',
      unit: 'none',
      bounds: { above: [100, 500] },
      runbook: 'DrainStuck',
      width: 6,
      queries: [
        { expr: perMinuteBy('result', 'aida_handovers_total'), legend: '{{result}}' },
        { expr: perMinuteBy('cause', 'aida_calls_cut_total'), legend: 'cut by {{cause}}' },
      ],
    },
    {
      kind: 'lines',
      title: 'Calls that went on without their journal, per hour',
      good: 'none.',
      unit: 'none',
      bounds: { above: [1, 5] },
      runbook: 'CallsUnfolded',
      width: 6,
      queries: [{ expr: `sum by (reason) (increase(${of('aida_calls_unfolded_total')}[1h]))`, legend: '{{reason}}' }],
    },
  ],
};

const staff: RowSpec = {
  title: 'Staff',
  height: 6,
  panels: [
    {
      kind: 'lines',
      title: 'Transfers, per minute',
      good: 'completed; "all busy" and "no-answer" send callers back to the assistant.',
      unit: 'none',
      bounds: { above: [50, 200] },
      runbook: 'panels/staff',
      width: 12,
      stacked: true,
      queries: [{ expr: perMinuteBy('result', 'aida_transfers_total'), legend: '{{result}}' }],
    },
    {
      kind: 'lines',
      title: 'Staff: kept, rung or talking, and calls that wait for them',
      good: 'nobody waits while somebody is free.',
      unit: 'none',
      bounds: { above: [5, 20] },
      runbook: 'panels/staff',
      width: 12,
      queries: [
        { expr: fleet('aida_staff_busy'), legend: 'busy' },
        { expr: fleet('aida_staff_waiting_calls'), legend: 'waiting' },
      ],
    },
  ],
};

const supervision: RowSpec = {
  title: 'Supervision',
  height: 6,
  panels: [
    {
      kind: 'lines',
      title: 'What supervisors did, per minute',
      good: 'done; "carrier", "unavailable" and "late" are worth a look.',
      unit: 'none',
      bounds: { above: [50, 200] },
      runbook: 'panels/supervision',
      width: 12,
      stacked: true,
      queries: [
        {
          expr: `${perMinuteBy('deed, result', 'aida_supervisions_total')} or on () vector(0)`,
          legend: '{{deed}}: {{result}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Listeners: how many, frames left out, and who was not let in',
      good: 'no frame is left out: browsers read as fast as people talk.',
      unit: 'none',
      bounds: { above: [50, 500] },
      runbook: 'panels/supervision',
      width: 12,
      queries: [
        { expr: sum('aida_listeners'), legend: 'listen' },
        { expr: perMinute('aida_listener_frames_total', 'result="dropped"'), legend: 'frames left out, per minute' },
        { expr: perMinuteBy('reason', 'aida_listeners_refused_total'), legend: 'refused: {{reason}}, per minute' },
      ],
    },
  ],
};

export const placementRows: readonly RowSpec[] = [placed, waiting, refused, moves, staff, supervision];
