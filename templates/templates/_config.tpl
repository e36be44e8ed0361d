{{/* "true" when the values have a custom sidecar. Takes the root. */}}
{{- define "packet-capture.hasOwnSidecar" -}}
{{- $sidecar := .Values.sidecar | default dict }}
{{- if or $sidecar.containers $sidecar.initContainers }}true{{ end }}
{{- end }}

{{/*
sidecarconfig.yaml, which the injector reads: the agent's configuration or a custom sidecar. Takes the root.
*/}}
{{- define "packet-capture.sidecarConfig" -}}
{{- if include "packet-capture.hasOwnSidecar" . }}
{{- $own := dict "skipRuntimeClasses" (.Values.injection.skipRuntimeClasses | default list) }}
{{- range $key := list "containers" "initContainers" "volumes" }}
{{- with index $.Values.sidecar $key }}
{{- $_ := set $own $key . }}
{{- end }}
{{- end }}
{{- include "packet-capture.readable" $own }}
{{- else }}
{{- $image := .Values.agent.image }}
{{- $agent := dict
  "image" (include "packet-capture.image" (dict "root" . "image" $image))
  "imagePullPolicy" $image.pullPolicy
  "resources" (.Values.agent.resources | default dict)
  "maxVolumeSize" (include "packet-capture.maxVolumeSize" .)
  "securityContext" (include "packet-capture.agentSecurity" . | fromJson) }}
{{- with (include "packet-capture.pullSecrets" (dict "root" . "image" $image) | fromJson).secrets }}
{{- $_ := set $agent "imagePullSecrets" . }}
{{- end }}
{{- with .Values.agent.metricsPort }}
{{- $_ := set $agent "metricsPort" (int .) }}
{{- end }}
{{- range $key, $value := include "packet-capture.platform" . | fromJson }}
{{- $_ := set $agent $key $value }}
{{- end }}
{{- dict
  "agent" $agent
  "settings" (.Values.capture | default dict)
  "skipRuntimeClasses" (.Values.injection.skipRuntimeClasses | default list) | include "packet-capture.readable" }}
{{- end }}
{{- end }}

{{/*
A value as readable YAML. As JSON with escapes if the value has a Unicode line separator or a byte order mark, because
YAML inside YAML does not keep these characters.
*/}}
{{- define "packet-capture.readable" -}}
{{- $json := toPrettyJson . }}
{{- if regexMatch `\\u202[89]|[\x{85}\x{FEFF}]` $json }}
{{- $json | replace "\u0085" "\\u0085" | replace "\ufeff" "\\ufeff" }}
{{- else }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/*
What a release allows (agent.maxBufferSize as text, and the lists that do not allow everything), and how uploads reach
the network. Defaults are left out, so that an upgrade of the chart does not change the configuration. Takes the root.
*/}}
{{- define "packet-capture.platform" -}}
{{- $platform := dict }}
{{- $buffer := include "packet-capture.maxBufferSize" . }}
{{- if ne (include "packet-capture.bytes" $buffer | float64) 67108864.0 }}
{{- $_ := set $platform "maxBufferSize" $buffer }}
{{- end }}
{{- range $key := (include "packet-capture.identity" . | fromYaml).allowedLists }}
{{- $list := index $.Values.agent $key }}
{{- if and (kindIs "slice" $list) (not (has "*" $list)) }}
{{- $_ := set $platform $key $list }}
{{- end }}
{{- end }}
{{- range $key := list "uploadProxy" "uploadNoProxy" "uploadCA" }}
{{- with index $.Values.agent $key }}
{{- $_ := set $platform $key . }}
{{- end }}
{{- end }}
{{- toJson $platform }}
{{- end }}

{{/*
agent.securityContext with every field, as JSON. Helm removes a value that a user sets to null; here it is null again.
The values of an older release have no securityContext: then the defaults are used. Takes the root.
*/}}
{{- define "packet-capture.agentSecurity" -}}
{{- $context := .Values.agent.securityContext }}
{{- if kindIs "invalid" $context }}
{{- $context = dict "runAsUser" 60947 "runAsGroup" 60947 "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- end }}
{{- dict "runAsUser" $context.runAsUser "runAsGroup" $context.runAsGroup "seccompProfile" $context.seccompProfile | toJson }}
{{- end }}
