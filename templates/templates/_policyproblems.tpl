{{/* Problems of values with injection.way policy; see _problems.tpl. Takes the root. */}}
{{- define "packet-capture.policyProblems" -}}
{{- $injection := .Values.injection }}
{{- $kind := "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" }}
{{- if not (.Capabilities.APIVersions.Has $kind) }}
{{- template "packet-capture.problem" (list (printf "injection.way is policy, and the cluster has no %s" $kind) (printf "Kubernetes has it from %s on. On older clusters leave injection.way at webhook. To render without a cluster, add --api-versions %s." (include "packet-capture.identity" . | fromYaml).policyKubernetes $kind)) }}
{{- end }}
{{- if .Values.targets }}
{{- template "packet-capture.problem" (list "injection.way is policy, and targets is set: this way has no hook that opts them in" (printf "Remove targets; label the namespaces (%s=enabled) and annotate the pod templates (%s: \"true\") by hand." $injection.namespaceLabel $injection.annotation)) }}
{{- end }}
{{- if include "packet-capture.hasOwnSidecar" . }}
{{- template "packet-capture.problem" (list "injection.way is policy, and sidecar has a custom container" "The policy can add only the capture agent: remove sidecar, or injection.way at webhook.") }}
{{- end }}
{{- range $key, $value := omit (.Values.agent.resources | default dict) "requests" "limits" }}
{{- if $value }}
{{- template "packet-capture.problem" (list (printf "injection.way is policy, and agent.resources.%s is set" $key) "The policy supports only requests and limits.") }}
{{- end }}
{{- end }}
{{- $most := sub 64 (len (.Files.Get "files/policy.yaml" | fromYaml).matchConditions) }}
{{- if gt (len .Values.webhook.matchConditions) (int $most) }}
{{- template "packet-capture.problem" (list (printf "injection.way is policy, and webhook.matchConditions has %d entries" (len .Values.webhook.matchConditions)) (printf "Kubernetes allows at most %d in addition to the chart's own: join some with &&." $most)) }}
{{- end }}
{{- /* Empty without a cluster. */}}
{{- $record := lookup "v1" "ConfigMap" (include "packet-capture.namespace" .) (printf "%s-opt-in" (include "packet-capture.fullname" .)) | default dict }}
{{- $opted := (index ($record.data | default dict) "targets" | default "{}" | fromJson).objects }}
{{- if $opted }}
{{- template "packet-capture.problem" (list (printf "the targets (%d) that the hooks of this release opted in would stay opted in: injection.way policy has no hooks" (len $opted)) "Upgrade with targets=[] first, and then with injection.way=policy. In between, opt in by hand what you want to keep.") }}
{{- end }}
{{- end }}
