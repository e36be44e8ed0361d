{{/*
Adds the default of every absent value to the values. `helm upgrade --reuse-values` uses the values of the previous
release and not the chart's, so values that are new in this chart would be absent. Absent parts of Kubernetes objects
stay absent, because a user sets them to null to remove a default. Takes the root; every template begins with it.
*/}}
{{- define "packet-capture.defaults" -}}
{{- if not (hasKey . "packetCaptureDefaults") }}
{{- $_ := set . "packetCaptureDefaults" true }}
{{- include "packet-capture.fill" (merge (dict "given" .Values) (.Files.Get "files/defaults.json" | fromJson)) }}
{{- end }}
{{- end }}

{{/* Takes given, defaults, and keep: the values that stay absent. */}}
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
