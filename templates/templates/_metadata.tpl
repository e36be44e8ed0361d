{{/*
The labels in selectors. They must never change, because a Deployment's selector is immutable.
Takes root and component.
*/}}
{{- define "packet-capture.selectorLabels" -}}
app.kubernetes.io/name: {{ include "packet-capture.name" .root | toJson }}
app.kubernetes.io/instance: {{ .root.Release.Name | toJson }}
app.kubernetes.io/component: {{ .component | toJson }}
{{- end }}

{{/*
metadata of an object. Takes root, name and component; labels and annotations of this object; hook: annotations that
the values cannot override; namespace: "-" for an object without one.
*/}}
{{- define "packet-capture.metadata" -}}
{{- $root := .root }}
{{- $labels := include "packet-capture.selectorLabels" . | fromYaml }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" $root.Release.Service }}
{{- $_ := set $labels "app.kubernetes.io/version" ($root.Chart.AppVersion | replace "+" "_") }}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_")) }}
{{- $labels = merge $labels (.labels | default dict) ($root.Values.commonLabels | default dict) }}
{{- $annotations := merge dict (.hook | default dict) (.annotations | default dict) ($root.Values.commonAnnotations | default dict) }}
{{- $metadata := dict "name" .name "labels" $labels }}
{{- $namespace := .namespace | default (include "packet-capture.namespace" $root) }}
{{- if ne $namespace "-" }}
{{- $_ := set $metadata "namespace" $namespace }}
{{- end }}
{{- with $annotations }}
{{- $_ := set $metadata "annotations" . }}
{{- end }}
{{- toYaml $metadata }}
{{- end }}

{{/* metadata of a pod template. Takes root, component; labels, annotations; own: annotations that the values cannot override. */}}
{{- define "packet-capture.podMetadata" -}}
{{- $labels := include "packet-capture.selectorLabels" . | fromYaml }}
{{- $metadata := dict "labels" (merge $labels (.labels | default dict) (.root.Values.commonLabels | default dict)) }}
{{- with merge dict (.own | default dict) (.annotations | default dict) (.root.Values.commonAnnotations | default dict) }}
{{- $_ := set $metadata "annotations" . }}
{{- end }}
{{- toYaml $metadata }}
{{- end }}
