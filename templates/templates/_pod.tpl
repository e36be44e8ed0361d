{{/* The common part of the spec of every pod of the chart. Takes root; instead: a group of values that replace the injector's. */}}
{{- define "packet-capture.podSpec" -}}
{{- $values := .root.Values }}
{{- $instead := .instead | default dict }}
{{- $spec := dict "enableServiceLinks" false }}
{{- $optional := dict
  "imagePullSecrets" (include "packet-capture.pullSecrets" (dict "root" .root "image" $values.image) | fromJson).secrets
  "nodeSelector" ($instead.nodeSelector | default $values.nodeSelector)
  "tolerations" ($instead.tolerations | default $values.tolerations)
  "priorityClassName" ($instead.priorityClassName | default $values.priorityClassName)
  "runtimeClassName" $values.runtimeClassName
  "schedulerName" $values.schedulerName
  "securityContext" ($instead.podSecurityContext | default $values.podSecurityContext) }}
{{- range $key, $value := $optional }}
{{- if $value }}
{{- $_ := set $spec $key $value }}
{{- end }}
{{- end }}
{{- toYaml $spec }}
{{- end }}

{{/* The common part of every container of the chart: image, pull policy, security context. Takes the root. */}}
{{- define "packet-capture.container" -}}
{{- $container := dict
  "image" (include "packet-capture.image" (dict "root" . "image" .Values.image))
  "imagePullPolicy" .Values.image.pullPolicy }}
{{- with .Values.securityContext }}
{{- $_ := set $container "securityContext" . }}
{{- end }}
{{- toYaml $container }}
{{- end }}

{{/* Spread constraints that never prevent scheduling. Takes the root. */}}
{{- define "packet-capture.spread" -}}
{{- $selector := dict "matchLabels" (include "packet-capture.selectorLabels" (dict "root" . "component" "injector") | fromYaml) }}
{{- $constraints := list }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
{{- $constraints = append $constraints (dict
  "maxSkew" 1
  "topologyKey" .
  "whenUnsatisfiable" "ScheduleAnyway"
  "labelSelector" $selector
  "matchLabelKeys" (list "pod-template-hash")) }}
{{- end }}
{{- toYaml $constraints }}
{{- end }}
