{{/* "true" when the values have a sidecar of the user's own. Takes the root. */}}
{{- define "packet-capture.hasOwnSidecar" -}}
{{- $sidecar := .Values.sidecar | default dict }}
{{- if or $sidecar.containers $sidecar.initContainers }}true{{ end }}
{{- end }}

{{/*
sidecarconfig.yaml: what the injector reads, in either form. As JSON, which is YAML too, and which the injector reads
sooner. Takes the root.
*/}}
{{- define "packet-capture.sidecarConfig" -}}
{{- if include "packet-capture.hasOwnSidecar" . }}
{{- $own := dict }}
{{- range $key := list "containers" "initContainers" "volumes" }}
{{- with index $.Values.sidecar $key }}
{{- $_ := set $own $key . }}
{{- end }}
{{- end }}
{{- toPrettyJson $own }}
{{- else }}
{{- $image := .Values.agent.image }}
{{- $agent := dict
  "image" (include "packet-capture.image" (dict "root" . "image" $image))
  "imagePullPolicy" $image.pullPolicy
  "resources" (.Values.agent.resources | default dict) }}
{{- with (include "packet-capture.pullSecrets" (dict "root" . "image" $image) | fromJson).secrets }}
{{- $_ := set $agent "imagePullSecrets" . }}
{{- end }}
{{- with .Values.agent.metricsPort }}
{{- $_ := set $agent "metricsPort" (int .) }}
{{- end }}
{{- dict "agent" $agent "settings" (.Values.capture | default dict) | toPrettyJson }}
{{- end }}
{{- end }}
