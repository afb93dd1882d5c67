{{- define "aida.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "aida.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "aida.selector" -}}
app.kubernetes.io/name: aida
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "aida.labels" -}}
{{ include "aida.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: aida
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "aida.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "aida.name" .) }}
{{- end -}}

{{- define "aida.publicHost" -}}
{{ (urlParse .Values.publicUrl).host }}
{{- end -}}

{{/* Media routes are made for as many nodes as there may ever be. */}}
{{- define "aida.nodesMax" -}}
{{- if .Values.nodes.autoscaling.enabled }}{{ .Values.nodes.autoscaling.max }}{{ else }}{{ .Values.nodes.replicas }}{{ end -}}
{{- end -}}

{{- define "aida.redisUrl" -}}
{{- $redis := .Values.redis -}}
{{- if and (eq $redis.mode "single") (ne (len $redis.hosts) 1) }}{{ fail "redis.hosts: one host where redis.mode is single" }}{{ end -}}
{{- $scheme := ternary "rediss" "redis" $redis.tls -}}
{{- if ne $redis.mode "single" }}{{ $scheme = printf "%s+%s" $scheme $redis.mode }}{{ end -}}
{{- $user := $redis.username -}}
{{- if $redis.hasPassword }}{{ $user = printf "%s:$(REDIS_PASSWORD)" $user }}{{ end -}}
{{- $path := printf "/%v" $redis.database -}}
{{- if eq $redis.mode "sentinel" }}{{ $path = printf "/%s/%v" $redis.primary $redis.database }}{{ end -}}
{{- if eq $redis.mode "cluster" }}{{ $path = "" }}{{ end -}}
{{ $scheme }}://{{ if $user }}{{ $user }}@{{ end }}{{ join "," $redis.hosts }}{{ $path }}
{{- end -}}

{{/* Of root, roles, node: a name of its own, or none for the pod's. */}}
{{- define "aida.environment" -}}
{{- $root := .root -}}
{{- $table := $root.Files.Get "files/environment.yaml" | fromYaml -}}
- name: ROLES
  value: {{ .roles | quote }}
- name: NODE_ID
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: HOST
  value: 0.0.0.0
- name: PORT
  value: '3000'
- name: OPS_PORT
  value: '3001'
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: NODE_URL
  value: http://$(POD_IP):3001
{{- if eq .roles "call" }}
- name: MEDIA_URL
  value: wss://{{ include "aida.publicHost" $root }}/$(NODE_ID)/media-stream
{{- end }}
{{- if $root.Values.redis.hasPassword }}
- name: REDIS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $root.Values.existingSecret }}, key: REDIS_PASSWORD } }
{{- end }}
- name: REDIS_URL
  value: {{ include "aida.redisUrl" $root | quote }}
{{- range $path, $name := $table.values }}
{{- $value := $root.Values -}}
{{- range splitList "." $path }}{{ $value = index $value . }}{{ end }}
{{- if and (eq $name "CONSOLE_URL") (eq $value "") $root.Values.console.enabled $root.Values.console.ingress.enabled }}
{{- $value = printf "https://%s" $root.Values.console.ingress.host }}
{{- end }}
{{- if ne (toString $value) "" }}
- name: {{ $name }}
  {{- if kindIs "bool" $value }}
  {{- /* YAML reads on and off as true and false. */}}
  value: {{ ternary "on" "off" $value | quote }}
  {{- else if kindIs "float64" $value }}
  value: {{ ternary (printf "%.0f" $value) (toString $value) (eq (floor $value) $value) | quote }}
  {{- else }}
  value: {{ toString $value | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- range $table.secrets.needed }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $root.Values.existingSecret }}, key: {{ . }} } }
{{- end }}
{{- range $table.secrets.optional }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $root.Values.existingSecret }}, key: {{ . }}, optional: true } }
{{- end }}
{{- if $root.Values.kafka.tls }}
- name: KAFKA_TLS
  value: '1'
{{- end }}
{{- if $root.Values.ca.existingSecret }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/aida/ca/ca.crt
{{- if $root.Values.kafka.tls }}
- name: KAFKA_CA
  value: /etc/aida/ca/ca.crt
{{- end }}
{{- end }}
{{- if has .roles (list "relay" "analytics") }}
- name: OUTBOX_ARCHIVE
  value: /var/lib/aida/outbox
{{- end }}
{{- end -}}

{{- define "aida.container" -}}
image: {{ include "aida.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
{{- end -}}

{{- define "aida.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.ca.existingSecret }}
- name: ca
  mountPath: /etc/aida/ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "aida.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 1Gi }
{{- if .Values.ca.existingSecret }}
- name: ca
  secret:
    secretName: {{ .Values.ca.existingSecret }}
    items: [{ key: {{ .Values.ca.key }}, path: ca.crt }]
{{- end }}
{{- end -}}

{{- define "aida.pod" -}}
serviceAccountName: {{ include "aida.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Started: it listens. Alive: its loop turns. Ready: `readyPath` of the caller. */}}
{{- define "aida.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: ops }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: ops }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
  # A process that does not answer cannot be drained: it is not given the time of a drain.
  terminationGracePeriodSeconds: 20
readinessProbe:
  httpGet: { path: {{ . | quote }}, port: ops }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end -}}
