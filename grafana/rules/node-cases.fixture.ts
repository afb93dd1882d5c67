import { between, burst, type Case, from, one } from './case.fixture.ts';
import { grows, histogram, level, series, type SeriesSet, until } from './healthy.fixture.ts';

const node2 = (name: string, labels: Record<string, string>, at: (minute: number) => number | null): SeriesSet => ({
  [series(name, labels, 'node-2')]: at,
});
export const nodeCases: readonly Case[] = [
  {
    alert: 'NodeLost',
    severity: 'page',
    when: 'a node is taken for dead',
    series: one('aida_nodes_judged_total', { verdict: 'dead' }, until(from, level(0), level(1))),
    fires: from + 1,
    silent: [from - 1, from + 11],
  },
  {
    alert: 'NodeLost',
    severity: 'page',
    when: 'nodes leave on purpose, and one is silent and lives',
    series: {
      ...one('aida_nodes_judged_total', { verdict: 'left' }, until(from, level(0), level(2))),
      ...one('aida_nodes_judged_total', { verdict: 'alive' }, until(from, level(0), level(4))),
    },
    silent: [from + 1, from + 5],
  },
  {
    alert: 'NodeNotScraped',
    severity: 'ticket',
    when: 'a node does not answer',
    series: { 'up{instance="node-2",job="aida"}': between(from, from + 20, 1, 0) },
    fires: from + 4,
    silent: [from + 2, from + 21],
  },
  {
    alert: 'NoNodes',
    severity: 'page',
    when: 'none answers',
    series: {
      'up{instance="node-1",job="aida"}': between(from, 1_000, 1, 0),
      'up{instance="node-2",job="aida"}': between(from, 1_000, 1, 0),
    },
    fires: from + 2,
    silent: [from],
  },
  {
    alert: 'NoNodes',
    severity: 'page',
    when: 'Prometheus knows of none any more',
    series: {
      'up{instance="node-1",job="aida"}': until(from, level(1), () => null),
      'up{instance="node-2",job="aida"}': until(from, level(1), () => null),
    },
    fires: from + 8,
    silent: [from],
  },
  {
    alert: 'NoNodes',
    severity: 'page',
    when: 'one is left',
    series: { 'up{instance="node-2",job="aida"}': until(from, level(1), () => null) },
    silent: [from + 2, from + 20],
  },
  {
    alert: 'DrainStuck',
    severity: 'ticket',
    when: 'a node has been about to end for ten minutes',
    series: {
      ...one('aida_draining', {}, between(from, 1_000, 0, 1)),
      ...one('aida_draining_seconds', {}, (m) => 60 * Math.max(0, m - from)),
    },
    fires: from + 10,
    silent: [from + 7],
  },
  {
    alert: 'DrainStuck',
    severity: 'ticket',
    when: 'a node was granted an hour',
    series: {
      ...one('aida_draining', {}, between(from, 1_000, 0, 1)),
      ...one('aida_draining_seconds', {}, (m) => 60 * Math.max(0, m - from)),
      ...one('aida_config_limit', { name: 'drain_seconds' }, level(3_600)),
    },
    silent: [from + 10, from + 60],
  },
  {
    alert: 'CallsStranded',
    severity: 'page',
    when: 'a node that is to end has calls that nobody has room for',
    series: {
      ...one('aida_draining', {}, between(from, from + 10, 0, 1)),
      ...one('aida_calls_stranded', {}, level(4)),
    },
    fires: from + 2,
    silent: [from - 1, from + 11],
  },
  {
    alert: 'EventLoopSlow',
    severity: 'page',
    when: 'a fiftieth of the timers comes more than 0.1 s late',
    series: histogram('aida_event_loop_delay_seconds', {
      0.02: until(from, grows(6_000), (m) => 6_000 * from + 5_800 * (m - from)),
      0.1: until(from, grows(6_000), (m) => 6_000 * from + 5_880 * (m - from)),
      0.2: grows(6_000),
      '+Inf': grows(6_000),
    }),
    fires: from + 12,
    silent: [from - 1, from + 3],
  },
  {
    alert: 'EventLoopSlow',
    severity: 'page',
    when: 'everything stood still once, for a second',
    series: histogram('aida_event_loop_delay_seconds', {
      0.02: until(from, grows(6_000), (m) => 6_000 * m - 100),
      0.1: until(from, grows(6_000), (m) => 6_000 * m - 100),
      0.2: until(from, grows(6_000), (m) => 6_000 * m - 100),
      '+Inf': grows(6_000),
    }),
    silent: [from + 1, from + 5, from + 10],
  },
  {
    alert: 'Exceptions',
    severity: 'ticket',
    when: 'six exceptions in five minutes',
    series: one('aida_faults_total', { place: 'webhook' }, burst(1.2, from, from + 5)),
    fires: from + 6,
    silent: [from - 1, from + 1, from + 25],
  },
  {
    alert: 'CallsUnfolded',
    severity: 'ticket',
    when: 'one call goes on without its journal',
    series: one('aida_calls_unfolded_total', { reason: 'fold threw' }, until(from, level(0), level(1))),
    fires: from + 1,
    silent: [from - 1, from + 32],
  },
  {
    alert: 'VersionsDiffer',
    severity: 'ticket',
    when: 'a deploy stopped half way',
    series: {
      ...one('aida_build_info', { version: '1.0.0' }, () => null),
      ...one('aida_build_info', { version: '1.1.0' }, level(1)),
    },
    fires: 125,
    silent: [60],
  },
  {
    alert: 'VersionsDiffer',
    severity: 'ticket',
    when: 'a deploy took an hour and is done',
    series: {
      ...one(
        'aida_build_info',
        { version: '1.0.0' },
        until(from, level(1), () => null),
      ),
      ...one(
        'aida_build_info',
        { version: '1.1.0' },
        until(from, () => null, level(1)),
      ),
      ...node2(
        'aida_build_info',
        { version: '1.0.0' },
        until(2 * from, level(1), () => null),
      ),
      ...node2(
        'aida_build_info',
        { version: '1.1.0' },
        until(2 * from, () => null, level(1)),
      ),
    },
    silent: [from + 30, 2 * from + 120],
  },
];
