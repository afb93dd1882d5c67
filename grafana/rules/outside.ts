import { increased } from './expressions.ts';
import type { RuleFile } from './render.ts';
import type { Group } from './rule.ts';

/** What is seen from outside: by the carrier, by the synthetic caller, by whoever waits for alerts. */
export const outside: RuleFile = {
  name: 'outside',
  groups: (scale): Group[] => {
    const w = scale.window;
    const webhooks = (window: string): string => `(${increased('aida_webhooks_total', window)}) > ${scale.count(20)}`;
    return [
      {
        name: 'aida-outside-alerts',
        rules: [
          {
            alert: 'SyntheticCallFails',
            expr: `(${increased('aida_synthetic_calls_total{result!="ok"}', w('5m'))}) > 2.5
              and (${increased('aida_synthetic_calls_total{result="ok"}', w('5m'))}) < 0.5`,
            severity: 'page',
            summary:
              '{{ printf "%.0f" $value }} calls of the synthetic caller went wrong in five minutes, and none went well',
            callers: 'What the synthetic caller met: no answer, no greeting, or no answer from a tool.',
          },
          {
            alert: 'SyntheticCallerSilent',
            expr: `time() - max(aida_synthetic_last_ok_seconds > 0) > ${scale.seconds('30m')}
              or absent_over_time(aida_synthetic_calls_total[${w('30m')}])`,
            for: '5m',
            severity: 'ticket',
            summary: 'No synthetic call has gone well for half an hour, or nobody places any',
            callers: 'Nothing: but nobody would notice a line that is dead at night.',
          },
          {
            alert: 'CarrierComplains',
            expr: `sum by (class) (increase(aida_carrier_complaints_total{level="error",class=~"fetching|document|stream|account"}[${w('10m')}])) > 4.5`,
            severity: 'page',
            summary:
              'The debugger of the carrier told {{ printf "%.0f" $value }} errors of {{ $labels.class }} in ten minutes',
            callers: 'Calls that are not answered, or that end with the error message of the carrier.',
          },
          {
            alert: 'CarrierComplains',
            expr: `sum by (class) (increase(aida_carrier_complaints_total{level="error"}[${w('6h')}])) > 0.5`,
            for: '5m',
            severity: 'ticket',
            summary:
              'The debugger of the carrier told {{ printf "%.0f" $value }} errors of {{ $labels.class }} in six hours',
            callers: 'Somebody met it: which call and what, the carrier says.',
          },
          {
            alert: 'WebhooksFail',
            expr: `(${increased('aida_webhooks_total{status=~"5.."}', w('5m'))}) / (${webhooks(w('5m'))}) > 0.02
              or (${increased('aida_refusals_total{reason="signature"}', w('5m'))}) / (${webhooks(w('5m'))}) > 0.2`,
            for: '1m',
            severity: 'page',
            summary:
              '{{ $value | humanizePercentage }} of the webhooks are answered with an error or refused for their signature',
            callers: 'Calls that are not answered, or that the voice fallback answers.',
          },
          {
            alert: 'FramesDropped',
            expr: `(${increased('aida_dropped_frames_total', w('5m'))})
              / ((${increased('aida_frames_total', w('5m'))}) > 1000) > 0.005`,
            for: '2m',
            severity: 'ticket',
            summary: '{{ $value | humanizePercentage }} of the audio is given up because a socket is full',
            callers: 'Words and syllables are missing, on one side or both.',
          },
          {
            alert: 'Watchdog',
            expr: 'vector(1)',
            severity: 'none',
            summary: 'Fires always. Whoever waits for it outside knows by its absence that no alert arrives',
            callers: 'Nothing.',
          },
        ],
      },
    ];
  },
};
