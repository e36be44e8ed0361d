{{/* The name of an image. Without a registry in the values it has the placeholder registry, which does not exist. Takes root and image. */}}
{{- define "packet-capture.image" -}}
{{- $image := .image }}
{{- $global := .root.Values.global | default dict }}
{{- $known := (include "packet-capture.identity" .root | fromYaml).images }}
{{- $unnamed := has $image.repository (list $known.agent $known.injector) | ternary $known.placeholderRegistry "" }}
{{- $registry := $image.registry | default $global.imageRegistry | default $unnamed }}
{{- $name := ternary (printf "%s/%s" $registry $image.repository) $image.repository (not (empty $registry)) }}
{{- if $image.digest }}
{{- $name }}{{ with $image.tag }}:{{ . }}{{ end }}@{{ $image.digest }}
{{- else }}
{{- $name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* The pull secrets of an image, without duplicates: {secrets: [{name}]}. Takes root and image. */}}
{{- define "packet-capture.pullSecrets" -}}
{{- $global := .root.Values.global | default dict }}
{{- $names := list }}
{{- range concat ($global.imagePullSecrets | default list) (.image.pullSecrets | default list) }}
{{- $names = append $names (ternary . (dict "name" .) (kindIs "map" .)) }}
{{- end }}
{{- dict "secrets" (uniq $names) | toJson }}
{{- end }}
