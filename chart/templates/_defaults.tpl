{{/*
Puts the default of every value that is absent into the values: `helm upgrade --reuse-values` takes those of the release
before and none of the chart's own, so that what a later chart has learned would not be there. Parts of Kubernetes objects
that are absent alone stay so: there null means that a default is not wanted. Takes the root; every template begins with it.
*/}}
{{- define "packet-capture.defaults" -}}
{{- if not (hasKey . "packetCaptureDefaults") }}
{{- $_ := set . "packetCaptureDefaults" true }}
{{- include "packet-capture.fill" (merge (dict "given" .Values) (.Files.Get "files/defaults.json" | fromJson)) }}
{{- end }}
{{- end }}

{{/* Takes given, defaults and keep: what stays absent. */}}
{{- define "packet-capture.fill" -}}
{{- $given := .given }}
{{- $keep := .keep | default dict }}
{{- range $key, $default := .defaults }}
{{- $value := get $given $key }}
{{- $below := get $keep $key }}
{{- if or (not (hasKey $given $key)) (kindIs "invalid" $value) }}
{{- if not (kindIs "bool" $below) }}
{{- $_ := set $given $key $default }}
{{- end }}
{{- else if and (kindIs "map" $default) (kindIs "map" $value) (not (kindIs "bool" $below)) }}
{{- include "packet-capture.fill" (dict "given" $value "defaults" $default "keep" (ternary $below dict (kindIs "map" $below))) }}
{{- end }}
{{- end }}
{{- end }}
