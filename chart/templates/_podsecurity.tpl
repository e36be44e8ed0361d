{{/*
By which label a namespace is of each profile: a label always counts, and what has none is of the level that
injection.podSecurity says. Of namespaces that enforce "restricted" no profile is: the capture needs a capability there.
Keep it as src/inject/podSecurity.ts has it. Takes the root; {privileged, baseline}: expressions of a selector.
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
