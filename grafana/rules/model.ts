import { increased, quantile } from './expressions.ts';
import type { RuleFile } from './render.ts';
import type { Group } from './rule.ts';

export const model: RuleFile = {
  name: 'model',
  groups: (scale): Group[] => {
    const w = scale.window;
    const lost = (window: string): string => increased('aida_model_sessions_lost_total', window);
    const opened = (window: string): string => increased('aida_model_sessions_opened_total', window);
    const failed = (window: string): string =>
      increased('aida_model_responses_total{status=~"failed|incomplete"}', window);
    const resting = (endpoint: string): string =>
      `avg_over_time(aida_model_endpoint_resting{endpoint="${endpoint}"}[${w('2m')}]) > 0.5`;
    return [
      {
        name: 'aida-model',
        rules: [
          {
            record: 'aida:model_quota:ratio',
            expr: `min by (name) (aida_model_allowance{what="remaining"})
              / (max by (name) (aida_model_allowance{what="limit"}) > 0)`,
          },
          {
            record: 'aida:model_sessions_lost:ratio_rate5m',
            expr: `(${lost(w('5m'))}) / ((${opened(w('5m'))}) > 0)`,
          },
          {
            record: 'aida:model_answer_seconds:p95_5m',
            expr: quantile(0.95, 'aida_model_answer_seconds', w('5m')),
          },
        ],
      },
      {
        name: 'aida-model-alerts',
        rules: [
          {
            alert: 'ModelQuotaLow',
            expr: 'aida:model_quota:ratio < 0.1',
            for: '2m',
            severity: 'page',
            summary:
              '{{ $value | humanizePercentage }} of the {{ $labels.name }} per minute that the account allows are left',
            callers: 'New callers will wait; beyond the quota answers fail and the assistant apologises.',
          },
          {
            alert: 'ModelErrors',
            expr: `(aida:model_sessions_lost:ratio_rate5m > 0.1 and (${lost(w('5m'))}) > ${scale.count(5) - 1})
              or ((${failed(w('5m'))}) / ((${increased('aida_model_responses_total', w('5m'))}) > 0) > 0.05
                and (${failed(w('5m'))}) > ${scale.count(5) - 1})`,
            for: '2m',
            severity: 'page',
            summary: '{{ $value | humanizePercentage }} of the sessions or responses of the model fail',
            callers: 'The assistant breaks off, says sorry and begins again; some get the keypad menu.',
          },
          {
            alert: 'ModelEndpointDown',
            expr: `max by (endpoint) (avg_over_time(aida_model_endpoint_resting[${w('2m')}])) > 0.5`,
            for: '1m',
            severity: 'ticket',
            summary: 'No session is opened at the {{ $labels.endpoint }} model endpoint: its breaker is open',
            callers: 'Nothing while the other endpoint works.',
          },
          {
            alert: 'ModelUnavailable',
            expr: `count((${resting('first')})
              and on (instance) ((${resting('fallback')}) or aida_config_info{fallback="none"})) > 0`,
            for: '1m',
            severity: 'page',
            summary: '{{ $value }} nodes have no endpoint of the model left',
            callers: 'New callers get the keypad menu; conversations are put off with apologies and then get it too.',
          },
          {
            alert: 'ModelSlow',
            expr: `aida:model_answer_seconds:p95_5m > 1.5
              and (${increased('aida_model_answer_seconds_count', w('5m'))}) > ${scale.count(10)}`,
            for: '2m',
            severity: 'ticket',
            summary:
              'One answer of the model in twenty begins later than {{ $value | humanizeDuration }} after the turn',
            callers: 'Longer silences before answers.',
          },
        ],
      },
    ];
  },
};
