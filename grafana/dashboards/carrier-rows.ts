import type { RowSpec } from './panel.ts';
import { perMinute, perMinuteBy, quantiles } from './promql.ts';

const webhooks: RowSpec = {
  title: 'Webhooks and the carrier',
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: 'Time of webhooks that a call waits for',
      good: 'p95 below 50 ms, p99 below 0.2 s.',
      unit: 's',
      bounds: { above: [0.2, 1] },
      runbook: 'WebhooksFail',
      width: 6,
      exemplars: true,
      queries: quantiles('aida_webhook_seconds'),
    },
    {
      kind: 'lines',
      title: 'Webhooks per minute, by status',
      good: '200 and 204. 403 are strangers, 5xx are callers whom we failed.',
      unit: 'none',
      bounds: { above: [2_000, 5_000] },
      runbook: 'WebhooksFail',
      width: 6,
      stacked: true,
      queries: [{ expr: perMinuteBy('status', 'aida_webhooks_total'), legend: '{{status}}' }],
    },
    {
      kind: 'lines',
      title: 'Time of callbacks that nobody waits for',
      good: 'p95 below 0.1 s.',
      unit: 's',
      bounds: { above: [0.5, 2] },
      runbook: 'WebhooksFail',
      width: 6,
      queries: quantiles('aida_callback_seconds'),
    },
    {
      kind: 'lines',
      title: 'Exceptions caught, per minute, by place',
      good: 'none: each is a bug that one caller met.',
      unit: 'none',
      bounds: { above: [0.1, 1] },
      runbook: 'Exceptions',
      width: 6,
      queries: [{ expr: `${perMinuteBy('place', 'aida_faults_total')} > 0 or on () vector(0)`, legend: '{{place}}' }],
    },
  ],
};

const carrier: RowSpec = {
  title: "The carrier's view",
  height: 7,
  panels: [
    {
      kind: 'lines',
      title: "Complaints of the carrier's debugger, per minute",
      good: 'none. "fetching" is our webhooks as the carrier sees them.',
      unit: 'none',
      bounds: { above: [0.5, 5] },
      runbook: 'CarrierComplains',
      width: 8,
      queries: [{ expr: perMinuteBy('level, class', 'aida_carrier_complaints_total'), legend: '{{level}}: {{class}}' }],
    },
    {
      kind: 'lines',
      title: 'Requests to the carrier, per minute, by result',
      good: 'done, or gone where the caller hung up; busy is their limit, failed is their trouble.',
      unit: 'none',
      bounds: { above: [500, 2_000] },
      runbook: 'CarrierComplains',
      width: 8,
      queries: [{ expr: perMinuteBy('kind, result', 'aida_carrier_requests_total'), legend: '{{kind}}: {{result}}' }],
    },
    {
      kind: 'lines',
      title: 'Time of requests to the carrier',
      good: 'p95 below 0.5 s.',
      unit: 's',
      bounds: { above: [0.5, 2] },
      runbook: 'CarrierComplains',
      width: 8,
      queries: quantiles('aida_carrier_request_seconds'),
    },
  ],
};

const synthetic: RowSpec = {
  title: 'The caller who always calls',
  height: 6,
  panels: [
    {
      kind: 'lines',
      title: 'Synthetic calls, per minute, by how they went',
      good: 'ok, once a minute.',
      unit: 'none',
      bounds: { above: [5, 10] },
      runbook: 'SyntheticCallFails',
      width: 8,
      queries: [
        { expr: '60 * sum by (result) (rate(aida_synthetic_calls_total[$__rate_interval]))', legend: '{{result}}' },
        { expr: perMinute('aida_calls_synthetic_total'), legend: 'seen by nodes' },
      ],
    },
    {
      kind: 'lines',
      title: 'First word in its ear, p95',
      good: 'below 1.5 s from the webhook.',
      unit: 's',
      bounds: { above: [1.5, 2] },
      runbook: 'SyntheticCallFails',
      width: 8,
      queries: [
        {
          expr: 'histogram_quantile(0.95, sum by (le) (rate(aida_synthetic_first_word_seconds_bucket[$__range])))',
          legend: 'p95',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Answer with a tool in its ear, p95',
      good: 'below 2 s from the end of its question.',
      unit: 's',
      bounds: { above: [2, 3] },
      runbook: 'SyntheticCallFails',
      width: 8,
      queries: [
        {
          expr: 'histogram_quantile(0.95, sum by (le) (rate(aida_synthetic_answer_seconds_bucket[$__range])))',
          legend: 'p95',
        },
      ],
    },
  ],
};

export const carrierRows: readonly RowSpec[] = [webhooks, carrier, synthetic];
