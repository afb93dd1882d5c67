/** What is marked on the time axis of every board: the things after which graphs look different. */
export const marks = [
  {
    name: 'Release',
    expr: 'count by (version) (aida_build_info) unless count by (version) (aida_build_info offset 1m)',
    colour: 'blue',
    text: 'version {{version}} runs',
    tags: 'version',
  },
  {
    name: 'Node started',
    expr: 'changes(aida_process_start_time_seconds[1m]) > 0 or (aida_process_start_time_seconds unless aida_process_start_time_seconds offset 1m)',
    colour: 'light-blue',
    text: '{{instance}} started',
    tags: 'instance',
  },
  {
    name: 'Drain',
    expr: '(aida_draining == 1) unless (aida_draining offset 1m == 1)',
    colour: 'yellow',
    text: '{{instance}} takes no new calls',
    tags: 'instance',
  },
  {
    name: 'Node lost',
    expr: 'sum by (verdict) (increase(aida_nodes_judged_total{verdict="dead"}[1m])) > 0',
    colour: 'red',
    text: 'a node was judged dead',
    tags: 'verdict',
  },
  {
    name: 'Takeover',
    expr: 'sum by (path, result) (increase(aida_takeovers_total[1m])) > 0',
    colour: 'orange',
    text: 'conversations moved, path {{path}}: {{result}}',
    tags: 'path,result',
  },
  {
    name: 'Alert',
    expr: 'count by (alertname) (ALERTS{alertstate="firing", severity="page"})',
    colour: 'dark-red',
    text: '{{alertname}}',
    tags: 'alertname',
  },
] as const;
