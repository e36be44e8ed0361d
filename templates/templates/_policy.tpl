{{/*
The parameters of the policy's expressions: the data of a ConfigMap, so every value is a string. Takes root and profile.
Must agree with src/ways/policy/parameters.ts.
*/}}
{{- define "packet-capture.policyParameters" -}}
{{- $values := .root.Values }}
{{- $image := $values.agent.image }}
{{- $resources := $values.agent.resources | default dict }}
{{- $secrets := list }}
{{- range (include "packet-capture.pullSecrets" (dict "root" .root "image" $image) | fromJson).secrets }}
{{- $secrets = append $secrets .name }}
{{- end }}
{{- $security := include "packet-capture.agentSecurity" .root | fromJson }}
{{- $parameters := dict
  "profile" .profile
  "annotation" $values.injection.annotation
  "optOut" (ternary "true" "false" $values.injection.optOut)
  "image" (include "packet-capture.image" (dict "root" .root "image" $image))
  "imagePullPolicy" $image.pullPolicy
  "imagePullSecrets" (join "," $secrets)
  "requests" (include "packet-capture.quantities" $resources.requests)
  "limits" (include "packet-capture.quantities" $resources.limits)
  "runAsUser" (include "packet-capture.text" $security.runAsUser)
  "runAsGroup" (include "packet-capture.text" $security.runAsGroup)
  "seccompProfile" (($security.seccompProfile | default dict).type | default "")
  "maxVolumeMebibytes" (divf (include "packet-capture.bytes" (include "packet-capture.maxVolumeSize" .root) | float64) 1048576 | floor | int64 | toString)
  "skipRuntimeClasses" (join "," $values.injection.skipRuntimeClasses) }}
{{- with $values.agent.metricsPort }}
{{- $_ := set $parameters "metricsPort" (include "packet-capture.text" .) }}
{{- end }}
{{- range $key, $value := include "packet-capture.platform" .root | fromJson }}
{{- $_ := set $parameters $key (join " " $value) }}
{{- end }}
{{- range $name, $value := $values.capture }}
{{- $text := include "packet-capture.text" $value }}
{{- if $text }}
{{- $_ := set $parameters (printf "setting.%s" $name) $text }}
{{- end }}
{{- end }}
{{- toJson $parameters }}
{{- end }}

{{/* Amounts as text: "cpu=10m,memory=16Mi". */}}
{{- define "packet-capture.quantities" -}}
{{- $parts := list }}
{{- range $name, $amount := . | default dict }}
{{- $parts = append $parts (printf "%s=%s" $name (include "packet-capture.text" $amount)) }}
{{- end }}
{{- join "," $parts }}
{{- end }}

{{/* A string unchanged, or a number as JSON writes it: 268435456, where Go would write 2.68435456e+08. */}}
{{- define "packet-capture.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else if not (kindIs "invalid" .) }}{{ toJson . }}{{ end }}
{{- end }}

{{/*
The profiles with the selectors of their bindings. No binding selects namespaces that enforce "restricted", which
forbids the capability that a capture needs. Takes the root; {profiles: [{name, namespaceSelector, objectSelector}]}.
*/}}
{{- define "packet-capture.policyProfiles" -}}
{{- $levels := include "packet-capture.levels" . | fromJson }}
{{- $pods := .Values.injection.objectSelector | default dict }}
{{- $free := dict "root" . "level" $levels.privileged }}
{{- $baseline := dict "root" . "level" $levels.baseline }}
{{- $here := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" (list (include "packet-capture.namespace" .)) }}
{{- $probe := dict "matchLabels" (dict "app.kubernetes.io/instance" .Release.Name "app.kubernetes.io/component" "probe") }}
{{- dict "profiles" (list
  (dict "name" "privileged" "namespaceSelector" (include "packet-capture.namespaceSelector" $free | fromYaml) "objectSelector" $pods)
  (dict "name" "baseline" "namespaceSelector" (include "packet-capture.namespaceSelector" $baseline | fromYaml) "objectSelector" $pods)
  (dict "name" "probe" "namespaceSelector" (dict "matchExpressions" (list $here)) "objectSelector" $probe)) | toJson }}
{{- end }}

{{/*
The chart's conditions and the user's. The user's conditions do not apply to the probe. Takes root and the chart's own
conditions; {conditions: […]}.
*/}}
{{- define "packet-capture.policyConditions" -}}
{{- $conditions := .own }}
{{- range .root.Values.webhook.matchConditions }}
{{- $expression := printf "params.data.profile == 'probe' || (%s)" .expression }}
{{- $conditions = append $conditions (dict "name" .name "expression" $expression) }}
{{- end }}
{{- dict "conditions" $conditions | toJson }}
{{- end }}
