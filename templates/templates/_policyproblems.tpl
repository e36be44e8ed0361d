{{/* What is wrong with values that ask for the admission policy; see _problems.tpl. Takes the root. */}}
{{- define "packet-capture.policyProblems" -}}
{{- $injection := .Values.injection }}
{{- $kind := "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" }}
{{- if not (.Capabilities.APIVersions.Has $kind) }}
{{- template "packet-capture.problem" (list (printf "injection.way is policy, and the cluster has no %s" $kind) (printf "Kubernetes has it from 1.36 on; before, leave injection.way at webhook. To render without a cluster, add --api-versions %s." $kind)) }}
{{- end }}
{{- if .Values.targets }}
{{- template "packet-capture.problem" (list "injection.way is policy, and targets is set: there is no hook that could opt them in" (printf "Take targets out; label the namespaces (%s=enabled) and annotate the pod templates (%s: \"true\") by hand." $injection.namespaceLabel $injection.annotation)) }}
{{- end }}
{{- if include "packet-capture.hasOwnSidecar" . }}
{{- template "packet-capture.problem" (list "injection.way is policy, and sidecar brings a container of your own" "The policy adds the capture agent alone: leave sidecar out, or injection.way at webhook.") }}
{{- end }}
{{- range $key, $value := omit (.Values.agent.resources | default dict) "requests" "limits" }}
{{- if $value }}
{{- template "packet-capture.problem" (list (printf "injection.way is policy, and agent.resources.%s is set" $key) "The policy takes requests and limits alone.") }}
{{- end }}
{{- end }}
{{- $most := sub 64 (len (.Files.Get "files/policy.yaml" | fromYaml).matchConditions) }}
{{- if gt (len .Values.webhook.matchConditions) (int $most) }}
{{- template "packet-capture.problem" (list (printf "injection.way is policy, and webhook.matchConditions has %d entries" (len .Values.webhook.matchConditions)) (printf "Kubernetes lets a policy have at most %d beside the chart's own: join some with &&." $most)) }}
{{- end }}
{{- /* Empty where there is no cluster. */}}
{{- $record := lookup "v1" "ConfigMap" (include "packet-capture.namespace" .) (printf "%s-opt-in" (include "packet-capture.fullname" .)) | default dict }}
{{- $opted := (index ($record.data | default dict) "targets" | default "{}" | fromJson).objects }}
{{- if $opted }}
{{- template "packet-capture.problem" (list (printf "what the hooks of this release have opted in (%d) would be left behind: injection.way policy has no hooks" (len $opted)) "Upgrade with targets=[] first, then with injection.way=policy; in between, opt in by hand what is to stay.") }}
{{- end }}
{{- end }}
