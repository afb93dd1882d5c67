import { increased } from './expressions.ts';
import type { RuleFile } from './render.ts';
import type { Group } from './rule.ts';

export const capacity: RuleFile = {
  name: 'capacity',
  groups: (scale): Group[] => {
    const w = scale.window;
    return [
      {
        name: 'aida-capacity',
        rules: [
          // Each node says what it was told of the fleet; one that hears nothing any more says the oldest.
          { record: 'aida:free_calls:min', expr: 'min(aida_headroom_calls)' },
          // Without what is kept for the loss of a node.
          { record: 'aida:usable_calls:max', expr: 'max(aida_fleet_capacity_calls) - max(aida_fleet_kept_calls)' },
          { record: 'aida:fleet_load_calls:max', expr: 'max(aida_fleet_load_calls)' },
          { record: 'aida:waiting_callers:max', expr: 'max(aida_waiting_callers)' },
          { record: 'aida:calls_live:sum', expr: 'sum(aida_calls_live) or vector(0)' },
          // Reservations last 20 s: what is above live calls for longer belongs to nobody.
          { record: 'aida:unowned_places:current', expr: 'aida:fleet_load_calls:max - aida:calls_live:sum' },
        ],
      },
      {
        name: 'aida-capacity-alerts',
        rules: [
          {
            alert: 'CapacityRunningOut',
            expr: `aida:free_calls:min <= 0 or (
              predict_linear(aida:free_calls:min[${w('15m')}], ${scale.seconds('15m')}) < 0
              and aida:free_calls:min < 0.5 * aida:usable_calls:max)`,
            for: '3m',
            severity: 'page',
            summary: 'No places for new calls within 15 minutes at this pace',
            callers: 'New callers will hear music and their place in line instead of an answer.',
          },
          {
            alert: 'CallersWait',
            expr: 'aida:waiting_callers:max > 0',
            for: '5m',
            severity: 'page',
            summary: '{{ printf "%.0f" $value }} callers wait for a place, and somebody has for five minutes',
            callers: 'They hear music, their place in line, and after ten minutes the offer to leave a message.',
          },
          {
            alert: 'SlotLeak',
            expr: `min_over_time(aida:unowned_places:current[${w('15m')}]) > 5 + 0.1 * aida:calls_live:sum
              or (${increased('aida_reconciled_calls_total{result="over"}', w('1h'))}) > 5`,
            for: '5m',
            severity: 'ticket',
            summary: '{{ printf "%.0f" $value }} places are taken by calls that nobody has',
            callers: 'Nothing yet; when places run out they wait although there is room.',
          },
          {
            alert: 'SpendHigh',
            expr: 'max(aida_spend_share) >= 0.8 and max(aida_spend_share) < 1',
            for: '1m',
            severity: 'ticket',
            summary: '{{ $value | humanizePercentage }} of what may be spent on the model in this hour or day is spent',
            callers: 'Nothing yet; at 100 % new callers get the keypad menu.',
          },
          {
            alert: 'SpendHigh',
            expr: 'max(aida_spend_share) >= 1',
            for: '1m',
            severity: 'page',
            summary: 'What may be spent on the model in this hour or day is spent',
            callers: 'New callers get the keypad menu instead of the assistant; calls under way go on.',
          },
          {
            alert: 'SwitchForgotten',
            expr: 'max by (name) (aida_switches_set) > 0',
            for: '12h',
            severity: 'ticket',
            summary: 'The switch {{ $labels.name }} has been set for twelve hours',
            callers:
              'Whatever the switch does: a rung other than the assistant, a tool that is not available, nobody let in.',
          },
        ],
      },
    ];
  },
};
