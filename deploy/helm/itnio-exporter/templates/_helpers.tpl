{{- define "itnio.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Names of rules and dashboards are longer than this one, and the StatefulSet puts "-0" and a hash behind it. */ -}}
{{- define "itnio.fullname" -}}
{{- $name := include "itnio.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "itnio.selector" -}}
app.kubernetes.io/name: {{ include "itnio.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "itnio.labels" -}}
{{ include "itnio.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
{{- if eq .Release.Service "Helm" }}
app.kubernetes.io/managed-by: Helm
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "itnio.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "itnio.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "itnio.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* The prefix of all paths, without a slash at its end. */ -}}
{{- define "itnio.prefix" -}}
{{- $path := .Values.web.routePrefix -}}
{{- if and (not $path) .Values.web.externalURL -}}
{{- $path = (urlParse .Values.web.externalURL).path -}}
{{- end -}}
{{- with trimAll "/" (default "" $path) -}}
/{{ . }}
{{- end -}}
{{- end -}}

{{- /* The flags of the web server, which the health check takes too. */ -}}
{{- define "itnio.webArgs" -}}
- --web.listen-address=:10198
{{- if .Values.web.existingSecret }}
- --web.config.file=/etc/itnio_exporter/web/web.yml
{{- end }}
{{- with .Values.web.externalURL }}
- {{ printf "--web.external-url=%s" . | quote }}
{{- end }}
{{- with .Values.web.routePrefix }}
- {{ printf "--web.route-prefix=%s" . | quote }}
{{- end }}
{{- end -}}

{{- /* A request of the kubelet has no password and no certificate, so behind either the exporter asks itself. */ -}}
{{- define "itnio.healthcheck" -}}
exec:
  command:
    - /bin/itnio_exporter
    - healthcheck
    {{- include "itnio.webArgs" . | nindent 4 }}
timeoutSeconds: 5
{{- end -}}

{{- define "itnio.job" -}}
{{- $job := .Values.scrape.job | default (include "itnio.fullname" .) -}}
{{- if contains "itnio" $job -}}{{ $job }}{{- else -}}itnio-{{ $job }}{{- end -}}
{{- end -}}

{{- define "itnio.instance" -}}
{{- .Values.scrape.instance | default (printf "%s/%s" .Release.Namespace (include "itnio.fullname" .)) -}}
{{- end -}}

{{- /* One endpoint of a ServiceMonitor or PodMonitor. */ -}}
{{- define "itnio.endpoint" -}}
- port: http
  path: {{ include "itnio.prefix" . }}{{ .Values.web.telemetryPath }}
  scheme: {{ .Values.scrape.scheme }}
  interval: {{ .Values.scrape.interval }}
  scrapeTimeout: {{ .Values.scrape.timeout }}
  {{- with .Values.scrape.tlsConfig }}
  tlsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.scrape.basicAuth }}
  basicAuth:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  relabelings:
    # Counters and their created times survive the pod, so their series have to: a new instance would be a new series that begins high.
    - targetLabel: job
      replacement: {{ include "itnio.job" . | quote }}
    - targetLabel: instance
      replacement: {{ include "itnio.instance" . | quote }}
    {{- with .Values.scrape.relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.scrape.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "itnio.monitor" -}}
metadata:
  name: {{ include "itnio.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "itnio.labels" . | nindent 4 }}
    {{- with .Values.scrape.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.scrape.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "itnio.monitorSpec" -}}
selector:
  matchLabels:
    {{- include "itnio.selector" . | nindent 4 }}
namespaceSelector:
  matchNames:
    - {{ .Release.Namespace }}
{{- if .Values.scrape.scrapeClassicHistograms }}
scrapeClassicHistograms: true
{{- end }}
{{- with .Values.scrape.sampleLimit }}
sampleLimit: {{ int64 . }}
{{- end }}
{{- end -}}
