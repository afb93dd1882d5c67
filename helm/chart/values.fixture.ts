/** Values that a chart must be right for: each a deployment that somebody runs. */
export const matrix: Record<string, unknown> = {
  defaults: {},
  'one node and nothing else': {
    nodes: { replicas: 1 },
    relay: { enabled: false },
    analytics: { enabled: false },
    console: { enabled: false },
    ingress: { enabled: false },
    migrations: { enabled: false },
  },
  'Redis by Sentinel, everything by TLS': {
    redis: {
      mode: 'sentinel',
      hosts: ['redis-0:26379', 'redis-1:26379', 'redis-2:26379'],
      primary: 'calls',
      tls: true,
      username: 'aida',
      hasPassword: true,
    },
    kafka: { brokers: 'kafka-0:9093,kafka-1:9093', tls: true, sasl: 'scram-sha-512' },
    ca: { existingSecret: 'company-ca', key: 'bundle.pem' },
  },
  'a cluster of Redis, scaled by KEDA': {
    redis: { mode: 'cluster', hosts: ['redis-0:6379', 'redis-1:6379'] },
    nodes: { autoscaling: { enabled: true, min: 3, max: 40 } },
    settings: { callsMax: 300, drainSeconds: 540, spendMax: '50/400', twilioCallsMax: 5000 },
  },
  watched: {
    monitoring: {
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
      dashboards: { enabled: true },
    },
    traces: { endpoint: 'http://tempo.monitoring:4318', ratio: 0.1 },
  },
  'closed off': {
    networkPolicy: {
      enabled: true,
      ingressFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
      opsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    },
    image: { repository: 'registry.example.com/aida', digest: `sha256:${'a'.repeat(64)}`, pullSecrets: ['registry'] },
    console: {
      ingress: { enabled: true, host: 'console.example.com', tlsSecret: 'console-tls', className: 'internal' },
    },
    serviceAccount: { name: 'voice' },
  },
  'placed by hand': {
    nodes: {
      nodeSelector: { pool: 'calls' },
      tolerations: [{ key: 'calls', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { nodeAffinity: {} },
      annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
      spread: { zones: 'DoNotSchedule', hosts: 'DoNotSchedule' },
    },
    relay: { archive: { existingClaim: 'outbox-archive' } },
  },
};
