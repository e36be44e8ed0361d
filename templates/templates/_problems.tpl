{{/*
Problems of the values, as a list of {what, hint}. The schema refuses many of them too, but a GitOps tool may skip the
schema, and a schema cannot express all of them.
*/}}

{{- define "packet-capture.problem" -}}
{{ "\n- " }}{{ dict "what" (index . 0) "hint" (index . 1) | toJson }}
{{- end }}

{{- define "packet-capture.problems" -}}
{{- include "packet-capture.namingProblems" . }}
{{- include "packet-capture.imageProblems" . }}
{{- include "packet-capture.injectionProblems" . }}
{{- if eq .Values.injection.way "policy" }}
{{- include "packet-capture.policyProblems" . }}
{{- else }}
{{- include "packet-capture.certsProblems" . }}
{{- include "packet-capture.workloadProblems" . }}
{{- end }}
{{- end }}

{{- define "packet-capture.namingProblems" -}}
{{- $fullname := include "packet-capture.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) }}
{{- template "packet-capture.problem" (list (printf "%q is not a valid name of a Service: it must begin with a letter, and have only lower case letters, digits and -" $fullname) "Set fullnameOverride, or choose another release name.") }}
{{- end }}
{{- end }}

{{/* Pods whose image cannot be pulled never start: the injector's pods, and the injected pods of the apps. */}}
{{- define "packet-capture.imageProblems" -}}
{{- $values := .Values }}
{{- $placeholder := printf "%s/" (include "packet-capture.identity" . | fromYaml).images.placeholderRegistry }}
{{- $used := dict }}
{{- if not (include "packet-capture.hasOwnSidecar" .) }}
{{- $_ := set $used "agent.image" $values.agent.image }}
{{- end }}
{{- if ne $values.injection.way "policy" }}
{{- $_ := set $used "image" $values.image }}
{{- end }}
{{- range $key, $image := $used }}
{{- $name := include "packet-capture.image" (dict "root" $ "image" $image) }}
{{- if hasPrefix $placeholder $name }}
{{- template "packet-capture.problem" (list (printf "%s has no registry: nobody can pull %s" $key $name) (printf "Set global.imageRegistry or %s.registry to the registry of your images, and pin the image with %s.digest." $key $key)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "packet-capture.certsProblems" -}}
{{- $certs := .Values.certs }}
{{- $host := include "packet-capture.host" . }}
{{- $make := printf "Make them: packet-capture certs new --service %s --namespace %s -o yaml > certs.yaml; then add --values certs.yaml." (include "packet-capture.fullname" .) (include "packet-capture.namespace" .) }}
{{- if not (has $certs.mode (list "baked" "generated" "existingSecret" "certManager")) }}
{{- template "packet-capture.problem" (list (printf "there is no certs.mode %q" (toString $certs.mode)) "Choose baked, generated, existingSecret or certManager.") }}
{{- end }}
{{- /* Messages never contain the value: it may be the private key by mistake. */}}
{{- $nextCertificate := ($certs.next | default dict).certificate }}
{{- range $key, $text := dict "caBundle" $certs.caBundle "certificate" $certs.certificate "next.certificate" $nextCertificate }}
{{- if contains "PRIVATE KEY-----" (toString $text) }}
{{- template "packet-capture.problem" (list (printf "certs.%s holds a private key" $key) "Two files may be swapped: private keys belong only in certs.key and certs.next.key.") }}
{{- end }}
{{- end }}
{{- if and $nextCertificate (not (include "packet-capture.notAfter" $nextCertificate)) }}
{{- template "packet-capture.problem" (list "certs.next.certificate is not a PEM certificate" "Remove certs.next, and start the rotation again: packet-capture upgrade --rotate-certs.") }}
{{- end }}
{{- if eq $certs.mode "baked" }}
{{- range $key := list "caBundle" "certificate" "key" }}
{{- if not (index $certs $key) }}
{{- template "packet-capture.problem" (list (printf "certs.mode is baked, and certs.%s is empty" $key) $make) }}
{{- end }}
{{- end }}
{{- if and $certs.key (not (contains "PRIVATE KEY-----" $certs.key)) }}
{{- template "packet-capture.problem" (list "certs.key is not a PEM private key" $make) }}
{{- end }}
{{- if and $certs.caBundle (not (include "packet-capture.notAfter" $certs.caBundle)) }}
{{- template "packet-capture.problem" (list "certs.caBundle is not a PEM certificate" $make) }}
{{- end }}
{{- with $certs.certificate }}
{{- $notAfter := include "packet-capture.notAfter" . }}
{{- if not $notAfter }}
{{- template "packet-capture.problem" (list "certs.certificate is not a PEM certificate" $make) }}
{{- else if not (include "packet-capture.covers" (dict "pem" . "host" $host)) }}
{{- template "packet-capture.problem" (list (printf "certs.certificate is not for %s, which the API server calls" $host) $make) }}
{{- else if le $notAfter (include "packet-capture.time" "0s") }}
{{- $day := printf "%s-%s-%s" (substr 0 4 $notAfter) (substr 4 6 $notAfter) (substr 6 8 $notAfter) }}
{{- template "packet-capture.problem" (list (printf "certs.certificate expired on %s" $day) $make) }}
{{- end }}
{{- end }}
{{- else }}
{{- range $key := list "certificate" "key" (ternary "certificate" "caBundle" (eq $certs.mode "existingSecret")) | uniq }}
{{- if index $certs $key }}
{{- template "packet-capture.problem" (list (printf "certs.%s is set, and certs.mode is %s" $key $certs.mode) (printf "Set certs.mode to baked, or certs.%s to the empty string." $key)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq $certs.mode "existingSecret" }}
{{- if not $certs.existingSecret }}
{{- template "packet-capture.problem" (list "certs.mode is existingSecret, and certs.existingSecret is empty" "Name a Secret of the type kubernetes.io/tls.") }}
{{- end }}
{{- $injected := false }}
{{- range $key, $_ := .Values.webhook.annotations | default dict }}
{{- $injected = or $injected (hasPrefix "cert-manager.io/inject-" $key) }}
{{- end }}
{{- if and (not $certs.caBundle) (not $injected) }}
{{- template "packet-capture.problem" (list "certs.mode is existingSecret, and certs.caBundle is empty: the API server would trust no certificate" (printf "Add --set-file certs.caBundle=ca.crt with the CA that signed the certificate for %s, or let cert-manager inject it, by an annotation in webhook.annotations." $host)) }}
{{- end }}
{{- else if $certs.existingSecret }}
{{- template "packet-capture.problem" (list (printf "certs.existingSecret is set, and certs.mode is %s" $certs.mode) "Set certs.mode to existingSecret, or certs.existingSecret to the empty string.") }}
{{- end }}
{{- if and (eq $certs.mode "generated") (lt (int $certs.generated.caDays) (int $certs.generated.servingDays)) }}
{{- template "packet-capture.problem" (list "certs.generated.caDays is less than servingDays" "A certificate is not valid after its CA has expired: raise caDays.") }}
{{- end }}
{{- end }}

{{- define "packet-capture.injectionProblems" -}}
{{- $injection := .Values.injection }}
{{- if not (has $injection.way (list "webhook" "policy")) }}
{{- template "packet-capture.problem" (list (printf "there is no injection.way %q" (toString $injection.way)) "Choose webhook or policy.") }}
{{- end }}
{{- $here := include "packet-capture.namespace" . }}
{{- $excluded := append ($injection.excludedNamespaces | default list) $here }}
{{- $seen := list }}
{{- range .Values.targets }}
{{- if has .namespace $excluded }}
{{- template "packet-capture.problem" (list (printf "the target namespace %q is excluded from injection" .namespace) (ternary "Choose another namespace for the release or for the workloads." "Remove it from injection.excludedNamespaces or from targets." (eq .namespace $here))) }}
{{- end }}
{{- if has .namespace $seen }}
{{- template "packet-capture.problem" (list (printf "targets names the namespace %q twice" .namespace) "List all its workloads in one entry.") }}
{{- end }}
{{- $seen = append $seen .namespace }}
{{- end }}
{{- $own := include "packet-capture.hasOwnSidecar" . }}
{{- if and $own .Values.capture }}
{{- template "packet-capture.problem" (list "capture is set, and sidecar has a custom container" "The settings in capture are for the agent: remove one of the two.") }}
{{- end }}
{{- if and (not $own) (.Values.sidecar | default dict).volumes }}
{{- template "packet-capture.problem" (list "sidecar has volumes, but no container" "Add sidecar.containers or sidecar.initContainers.") }}
{{- end }}
{{- if and .Values.metrics.capturedPods.podMonitor.enabled (not .Values.agent.metricsPort) }}
{{- template "packet-capture.problem" (list "metrics.capturedPods.podMonitor is enabled, and agent.metricsPort is 0: the sidecars have no metrics" "Set agent.metricsPort to a port that no app uses, for example 9464.") }}
{{- end }}
{{- if not $own }}
{{- include "packet-capture.ringProblems" . }}
{{- include "packet-capture.bufferProblems" . }}
{{- end }}
{{- $names := list }}
{{- range .Values.webhook.matchConditions }}
{{- if or (has .name $names) (hasPrefix "packet-capture/" .name) (hasPrefix "packet-capture.internal/" .name) }}
{{- template "packet-capture.problem" (list (printf "the name of the condition %q in webhook.matchConditions is already used" .name) "Each condition needs its own name; packet-capture/ and packet-capture.internal/ are reserved for the chart.") }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}

{{- define "packet-capture.workloadProblems" -}}
{{- $values := .Values }}
{{- $budget := $values.podDisruptionBudget }}
{{- $least := $budget.minAvailable | toString }}
{{- if and $budget.enabled $least (toString $budget.maxUnavailable) }}
{{- template "packet-capture.problem" (list "podDisruptionBudget.minAvailable and maxUnavailable are both set" "Leave one of them empty.") }}
{{- end }}
{{- $most := regexMatch "^0+%?$" (toString $budget.maxUnavailable) }}
{{- if and $budget.enabled $most }}
{{- template "packet-capture.problem" (list "podDisruptionBudget.maxUnavailable is 0: no node could be drained" "Raise it, or leave it empty: one pod may be missing then.") }}
{{- end }}
{{- $count := ternary "autoscaling.minReplicas" "replicas" $values.autoscaling.enabled }}
{{- $pods := int (ternary $values.autoscaling.minReplicas $values.replicas $values.autoscaling.enabled) }}
{{- /* Kubernetes rounds a percentage up. */}}
{{- $stay := -1 }}
{{- if regexMatch "^[0-9]+%$" $least }}
{{- $stay = div (add (mul (trimSuffix "%" $least | int) $pods) 99) 100 | int }}
{{- else if regexMatch "^[0-9]+$" $least }}
{{- $stay = int $least }}
{{- end }}
{{- if and $budget.enabled (ge $stay $pods) }}
{{- template "packet-capture.problem" (list (printf "podDisruptionBudget.minAvailable is not less than %s: no node could be drained" $count) "Lower it, or set maxUnavailable instead.") }}
{{- end }}
{{- if $values.autoscaling.enabled }}
{{- if gt (int $values.autoscaling.minReplicas) (int $values.autoscaling.maxReplicas) }}
{{- template "packet-capture.problem" (list "autoscaling.minReplicas is more than maxReplicas" "Raise maxReplicas.") }}
{{- end }}
{{- if not (or (int $values.autoscaling.targetCPUUtilizationPercentage) (int $values.autoscaling.targetMemoryUtilizationPercentage) $values.autoscaling.metrics) }}
{{- template "packet-capture.problem" (list "autoscaling is enabled, but has no metric to scale by" "Set autoscaling.targetCPUUtilizationPercentage or autoscaling.metrics.") }}
{{- end }}
{{- else if and (eq $values.webhook.failurePolicy "Fail") (eq (int $values.replicas) 0) }}
{{- template "packet-capture.problem" (list "webhook.failurePolicy is Fail, and replicas is 0: no pod that asks for injection could start" "Set replicas, or failurePolicy to Ignore.") }}
{{- end }}
{{- if eq (int $values.webhook.port) (int $values.metrics.port) }}
{{- template "packet-capture.problem" (list "webhook.port and metrics.port are the same" "Choose another metrics.port.") }}
{{- end }}
{{- if eq (int $values.metrics.port) 443 }}
{{- template "packet-capture.problem" (list "metrics.port is 443, which is the Service's port of the webhook" "Choose another metrics.port.") }}
{{- end }}
{{- if le (int $values.terminationGracePeriodSeconds) 10 }}
{{- template "packet-capture.problem" (list "terminationGracePeriodSeconds is not more than 10: the injector answers its last calls for 10 s" "Set it to 11 or more.") }}
{{- end }}
{{- if ge (int (include "packet-capture.seconds" $values.hooks.timeout)) (int $values.hooks.activeDeadlineSeconds) }}
{{- template "packet-capture.problem" (list "hooks.timeout is not less than hooks.activeDeadlineSeconds" "Raise hooks.activeDeadlineSeconds, so that the hook can report what it waited for.") }}
{{- end }}
{{- $clientCA := $values.webhook.clientCA }}
{{- if and $clientCA.configMap $clientCA.secret }}
{{- template "packet-capture.problem" (list "webhook.clientCA.configMap and webhook.clientCA.secret are both set" "Leave one of them empty.") }}
{{- end }}
{{- $limits := $values.webhook.limits }}
{{- if lt (include "packet-capture.bytes" $limits.maxBodies | float64) (mulf 2 (include "packet-capture.bytes" $limits.maxParsed | float64)) }}
{{- template "packet-capture.problem" (list (printf "webhook.limits.maxBodies %s is less than twice maxParsed %s: a body could not grow to maxParsed" $limits.maxBodies $limits.maxParsed) "Raise maxBodies, or lower maxParsed.") }}
{{- end }}
{{- range $arg := $values.extraArgs }}
{{- if has (splitList "=" $arg | first) (list "--port" "--metrics-port" "--config" "--certificates" "--client-ca" "--annotation" "--opt-out" "--max-connections" "--max-body" "--max-parsed" "--max-bodies" "--max-json-values" "--max-json-depth" "--head-timeout" "--body-timeout") }}
{{- template "packet-capture.problem" (list (printf "extraArgs has %s, which the chart already sets" (splitList "=" $arg | first)) "Change the value of the chart instead.") }}
{{- end }}
{{- end }}
{{- include "packet-capture.doubleNames" (dict "list" $values.extraEnv "what" "extraEnv" "taken" list) }}
{{- include "packet-capture.doubleNames" (dict "list" $values.extraVolumes "what" "extraVolumes" "taken" (list "config" "certificates" "client-ca")) }}
{{- include "packet-capture.doubleNames" (dict "list" $values.extraContainers "what" "extraContainers" "taken" (list "injector")) }}
{{- end }}

{{/* Duplicate names in a list, which server-side apply refuses. Takes list, what, and taken: names that the chart uses. */}}
{{- define "packet-capture.doubleNames" -}}
{{- $taken := .taken }}
{{- $what := .what }}
{{- range .list }}
{{- $name := toString .name }}
{{- if has $name $taken }}
{{- template "packet-capture.problem" (list (printf "%s has the name %q, which is already used" $what $name) "Use another name.") }}
{{- end }}
{{- $taken = append $taken $name }}
{{- end }}
{{- end }}

{{/* The seconds of a duration such as "1m30s". */}}
{{- define "packet-capture.seconds" -}}
{{- $seconds := 0 }}
{{- range $unit, $factor := dict "h" 3600 "m" 60 "s" 1 }}
{{- range regexFindAll (printf "[0-9]+%s" $unit) (toString $) -1 }}
{{- $seconds = add $seconds (mul $factor (int (trimSuffix $unit .))) }}
{{- end }}
{{- end }}
{{- $seconds }}
{{- end }}
