{{/* The patch that sets the annotation of a pod template, or removes it if value is null. Takes root and value. */}}
{{- define "packet-capture.templatePatch" -}}
{{- $annotations := dict .root.Values.injection.annotation .value }}
{{- dict "spec" (dict "template" (dict "metadata" (dict "annotations" $annotations))) | toJson }}
{{- end }}

{{/* The kubectl commands that opt the targets in, as the hook does. Takes the root. */}}
{{- define "packet-capture.targetLines" -}}
{{- $root := . }}
{{- $patch := include "packet-capture.templatePatch" (dict "root" . "value" "true") }}
{{- range .Values.targets }}
{{- $namespace := .namespace }}
  kubectl label namespace {{ $namespace }} {{ $root.Values.injection.namespaceLabel }}=enabled
{{ range $kind, $names := dict "deployment" .deployments "statefulset" .statefulSets "daemonset" .daemonSets }}
{{- range $names }}  kubectl patch {{ $kind }} {{ . }} -n {{ $namespace }} -p '{{ $patch }}'
{{ end }}
{{- end }}
{{- end }}
{{- end }}
