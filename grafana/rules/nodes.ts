import { increased, quantile } from './expressions.ts';
import type { RuleFile } from './render.ts';
import type { Group } from './rule.ts';

export const nodes: RuleFile = {
  name: 'nodes',
  groups: (scale): Group[] => {
    const w = scale.window;
    return [
      {
        name: 'aida-nodes',
        rules: [
          {
            record: 'aida:event_loop_delay_seconds:p99_5m',
            expr: quantile(0.99, 'aida_event_loop_delay_seconds', w('5m'), 'instance'),
          },
        ],
      },
      {
        name: 'aida-nodes-alerts',
        rules: [
          {
            alert: 'NodeLost',
            expr: `(${increased('aida_nodes_judged_total{verdict="dead"}', w('10m'))}) > 0`,
            severity: 'page',
            summary: '{{ printf "%.0f" $value }} nodes were taken for dead in the last ten minutes',
            callers: 'Those whose calls it had hear one or two seconds of silence and an apology, and go on elsewhere.',
          },
          {
            alert: 'NodeNotScraped',
            expr: 'up{job="aida"} == 0',
            for: '3m',
            severity: 'ticket',
            summary: '{{ $labels.instance }} has not answered Prometheus for three minutes',
            callers: 'Nothing, or what NodeLost says: nobody can see how this node does.',
          },
          {
            alert: 'NoNodes',
            expr: 'absent(up{job="aida"} == 1)',
            for: '1m',
            severity: 'page',
            summary: 'No node answers Prometheus',
            callers: 'If no node runs: the voice fallback of the carrier, or an error message and a hang-up.',
          },
          {
            alert: 'DrainStuck',
            expr: `aida_draining_seconds > on (instance) (aida_config_limit{name="drain_seconds"} + ${scale.seconds('3m')})`,
            for: '1m',
            severity: 'ticket',
            summary:
              '{{ $labels.instance }} has been about to end for {{ $value | humanizeDuration }} and still has calls',
            callers: 'Nothing, until somebody kills the node with their calls on it.',
          },
          {
            alert: 'CallsStranded',
            expr: 'aida_calls_stranded > 0 and on (instance) aida_draining == 1',
            for: '1m',
            severity: 'page',
            summary: '{{ $value }} calls of {{ $labels.instance }}, which is to end, have no other node to go to',
            callers: 'They will be asked for a moment of patience, twice, and then stand in line.',
          },
          {
            alert: 'EventLoopSlow',
            expr: 'aida:event_loop_delay_seconds:p99_5m > 0.1',
            for: '5m',
            severity: 'page',
            summary: 'One timer in a hundred of {{ $labels.instance }} comes {{ $value | humanizeDuration }} late',
            callers: 'Stutter, and interruptions that are not heard at once; the node takes no more calls.',
          },
          {
            alert: 'Exceptions',
            expr: `sum by (place) (increase(aida_faults_total[${w('15m')}])) > 2`,
            for: '1m',
            severity: 'ticket',
            summary: '{{ printf "%.0f" $value }} exceptions were caught at: {{ $labels.place }}',
            callers:
              'Those concerned hear a short pause and go on over another stream, or are answered with a sentence.',
          },
          {
            alert: 'CallsUnfolded',
            expr: `sum by (reason) (increase(aida_calls_unfolded_total[${w('30m')}])) > 0`,
            severity: 'ticket',
            summary: '{{ printf "%.0f" $value }} calls went on without their journal: {{ $labels.reason }}',
            callers: 'They got the keypad menu, staff or voicemail in the middle of a conversation.',
          },
          {
            alert: 'VersionsDiffer',
            expr: 'count(count by (version) (aida_build_info)) > 1',
            for: '2h',
            severity: 'ticket',
            summary: '{{ $value }} releases have run side by side for two hours',
            callers: 'Nothing, or two behaviours by chance.',
          },
        ],
      },
    ];
  },
};
