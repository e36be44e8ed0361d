{{/*
The label terms that select the namespaces of each profile. A namespace without the label has the level of
injection.podSecurity. No profile selects namespaces that enforce "restricted", which forbids the capability that a
capture needs. Must agree with src/inject/podSecurityLevel.ts. Takes the root; {privileged, baseline}: selector expressions.
*/}}
{{- define "packet-capture.levels" -}}
{{- $key := "pod-security.kubernetes.io/enforce" }}
{{- $privileged := dict "key" $key "operator" "In" "values" (list "privileged") }}
{{- $baseline := dict "key" $key "operator" "In" "values" (list "baseline") }}
{{- $assumed := .Values.injection.podSecurity | default "auto" }}
{{- if eq $assumed "baseline" }}
{{- $baseline = dict "key" $key "operator" "NotIn" "values" (list "privileged" "restricted") }}
{{- else if ne $assumed "restricted" }}
{{- $privileged = dict "key" $key "operator" "NotIn" "values" (list "baseline" "restricted") }}
{{- end }}
{{- dict "privileged" $privileged "baseline" $baseline | toJson }}
{{- end }}
