{{/*
What is wrong with the values, as a list of {what, hint}. The schema says much of it too; a GitOps tool may skip the
schema, and some of it no schema can say.
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
{{- template "packet-capture.problem" (list (printf "%q is no name of a Service: a letter first, then letters, digits and -" $fullname) "Set fullnameOverride, or choose another release name.") }}
{{- end }}
{{- end }}

{{/* Pods with an image that nobody can pull never start: those of the release, and the apps' own. */}}
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
{{- template "packet-capture.problem" (list (printf "%s names no registry: %s is nobody's, and cannot be pulled" $key $name) (printf "Set global.imageRegistry or %s.registry to where your images are, and pin them with %s.digest." $key $key)) }}
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
{{- /* Never with the value: it may be the private key, in the wrong place. */}}
{{- $nextCertificate := ($certs.next | default dict).certificate }}
{{- range $key, $text := dict "caBundle" $certs.caBundle "certificate" $certs.certificate "next.certificate" $nextCertificate }}
{{- if contains "PRIVATE KEY-----" (toString $text) }}
{{- template "packet-capture.problem" (list (printf "certs.%s holds a private key" $key) "Two files may be swapped: private keys go into certs.key and certs.next.key alone.") }}
{{- end }}
{{- end }}
{{- if and $nextCertificate (not (include "packet-capture.notAfter" $nextCertificate)) }}
{{- template "packet-capture.problem" (list "certs.next.certificate holds no certificate in PEM form" "Take certs.next out, and start the rotation again: packet-capture upgrade --rotate-certs.") }}
{{- end }}
{{- if eq $certs.mode "baked" }}
{{- range $key := list "caBundle" "certificate" "key" }}
{{- if not (index $certs $key) }}
{{- template "packet-capture.problem" (list (printf "certs.mode is baked, and certs.%s is empty" $key) $make) }}
{{- end }}
{{- end }}
{{- if and $certs.key (not (contains "PRIVATE KEY-----" $certs.key)) }}
{{- template "packet-capture.problem" (list "certs.key holds no private key in PEM form" $make) }}
{{- end }}
{{- if and $certs.caBundle (not (include "packet-capture.notAfter" $certs.caBundle)) }}
{{- template "packet-capture.problem" (list "certs.caBundle holds no certificate in PEM form" $make) }}
{{- end }}
{{- with $certs.certificate }}
{{- $notAfter := include "packet-capture.notAfter" . }}
{{- if not $notAfter }}
{{- template "packet-capture.problem" (list "certs.certificate holds no certificate in PEM form" $make) }}
{{- else if not (include "packet-capture.covers" (dict "pem" . "host" $host)) }}
{{- template "packet-capture.problem" (list (printf "certs.certificate is not for %s, which the API server calls" $host) $make) }}
{{- else if le $notAfter (include "packet-capture.time" "0s") }}
{{- $day := printf "%s-%s-%s" (substr 0 4 $notAfter) (substr 4 6 $notAfter) (substr 6 8 $notAfter) }}
{{- template "packet-capture.problem" (list (printf "certs.certificate has expired on %s" $day) $make) }}
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
{{- template "packet-capture.problem" (list "certs.mode is existingSecret, and certs.caBundle is empty: the API server would trust nobody" (printf "Add --set-file certs.caBundle=ca.crt with the CA that signed the certificate for %s, or have cert-manager inject it by an annotation in webhook.annotations." $host)) }}
{{- end }}
{{- else if $certs.existingSecret }}
{{- template "packet-capture.problem" (list (printf "certs.existingSecret is set, and certs.mode is %s" $certs.mode) "Set certs.mode to existingSecret, or certs.existingSecret to the empty string.") }}
{{- end }}
{{- if and (eq $certs.mode "generated") (lt (int $certs.generated.caDays) (int $certs.generated.servingDays)) }}
{{- template "packet-capture.problem" (list "certs.generated.caDays is less than servingDays" "A certificate ends with its CA: let the CA live longer.") }}
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
{{- template "packet-capture.problem" (list (printf "the target namespace %q is excluded from injection" .namespace) (ternary "Choose another namespace for the release, or for the workloads." "Take it out of injection.excludedNamespaces or out of targets." (eq .namespace $here))) }}
{{- end }}
{{- if has .namespace $seen }}
{{- template "packet-capture.problem" (list (printf "targets names the namespace %q twice" .namespace) "Write its workloads in one entry.") }}
{{- end }}
{{- $seen = append $seen .namespace }}
{{- end }}
{{- $own := include "packet-capture.hasOwnSidecar" . }}
{{- if and $own .Values.capture }}
{{- template "packet-capture.problem" (list "capture is set, and sidecar brings a container of your own" "Settings are for the capture agent: leave out one of the two.") }}
{{- end }}
{{- if and (not $own) (.Values.sidecar | default dict).volumes }}
{{- template "packet-capture.problem" (list "sidecar has volumes and no container" "Add sidecar.containers or sidecar.initContainers.") }}
{{- end }}
{{- if and .Values.metrics.capturedPods.podMonitor.enabled (not .Values.agent.metricsPort) }}
{{- template "packet-capture.problem" (list "metrics.capturedPods.podMonitor is enabled, and agent.metricsPort is 0: no sidecar would answer" "Set agent.metricsPort to a port that no app has, 9464 for example.") }}
{{- end }}
{{- if not $own }}
{{- include "packet-capture.ringProblems" . }}
{{- include "packet-capture.bufferProblems" . }}
{{- end }}
{{- $names := list }}
{{- range .Values.webhook.matchConditions }}
{{- if or (has .name $names) (hasPrefix "packet-capture/" .name) (hasPrefix "packet-capture.internal/" .name) }}
{{- template "packet-capture.problem" (list (printf "the name of the condition %q in webhook.matchConditions is taken" .name) "Each needs a name of its own; packet-capture/ and packet-capture.internal/ are the chart's.") }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- end }}

{{- define "packet-capture.workloadProblems" -}}
{{- $values := .Values }}
{{- $budget := $values.podDisruptionBudget }}
{{- $least := $budget.minAvailable | toString }}
{{- if and $budget.enabled $least (toString $budget.maxUnavailable) }}
{{- template "packet-capture.problem" (list "podDisruptionBudget has minAvailable and maxUnavailable" "Leave one of them empty.") }}
{{- end }}
{{- if and $budget.enabled (regexMatch "^[0-9]+$" $least) (not $values.autoscaling.enabled) (ge (int $least) (int $values.replicas)) }}
{{- template "packet-capture.problem" (list "podDisruptionBudget.minAvailable is not less than replicas: no node could be drained" "Lower it, or set maxUnavailable instead.") }}
{{- end }}
{{- if $values.autoscaling.enabled }}
{{- if gt (int $values.autoscaling.minReplicas) (int $values.autoscaling.maxReplicas) }}
{{- template "packet-capture.problem" (list "autoscaling.minReplicas is more than maxReplicas" "Raise maxReplicas.") }}
{{- end }}
{{- if not (or (int $values.autoscaling.targetCPUUtilizationPercentage) (int $values.autoscaling.targetMemoryUtilizationPercentage) $values.autoscaling.metrics) }}
{{- template "packet-capture.problem" (list "autoscaling is enabled, and there is nothing to scale by" "Set autoscaling.targetCPUUtilizationPercentage or autoscaling.metrics.") }}
{{- end }}
{{- else if and (eq $values.webhook.failurePolicy "Fail") (eq (int $values.replicas) 0) }}
{{- template "packet-capture.problem" (list "webhook.failurePolicy is Fail, and replicas is 0: no pod of an opted-in namespace could start" "Set replicas, or failurePolicy to Ignore.") }}
{{- end }}
{{- if eq (int $values.webhook.port) (int $values.metrics.port) }}
{{- template "packet-capture.problem" (list "webhook.port and metrics.port are the same" "Choose another metrics.port.") }}
{{- end }}
{{- if eq (int $values.metrics.port) 443 }}
{{- template "packet-capture.problem" (list "metrics.port is 443, where the Service has the webhook" "Choose another metrics.port.") }}
{{- end }}
{{- if le (int $values.terminationGracePeriodSeconds) 10 }}
{{- template "packet-capture.problem" (list "terminationGracePeriodSeconds is not more than 10: the injector answers its last calls for 10 s" "Set it to 11 or more.") }}
{{- end }}
{{- if ge (int (include "packet-capture.seconds" $values.hooks.timeout)) (int $values.hooks.activeDeadlineSeconds) }}
{{- template "packet-capture.problem" (list "hooks.timeout is not less than hooks.activeDeadlineSeconds" "Raise hooks.activeDeadlineSeconds, so that the hook can say what it waited for.") }}
{{- end }}
{{- $clientCA := $values.webhook.clientCA }}
{{- if and $clientCA.configMap $clientCA.secret }}
{{- template "packet-capture.problem" (list "webhook.clientCA names a ConfigMap and a Secret" "Leave one of them empty.") }}
{{- end }}
{{- $limits := $values.webhook.limits }}
{{- if lt (include "packet-capture.bytes" $limits.maxBodies | float64) (mulf 2 (include "packet-capture.bytes" $limits.maxParsed | float64)) }}
{{- template "packet-capture.problem" (list (printf "webhook.limits.maxBodies %s is less than twice maxParsed %s: one body that grows could not be kept" $limits.maxBodies $limits.maxParsed) "Raise maxBodies, or lower maxParsed.") }}
{{- end }}
{{- range $arg := $values.extraArgs }}
{{- if has (splitList "=" $arg | first) (list "--port" "--metrics-port" "--config" "--certificates" "--client-ca" "--annotation" "--opt-out" "--max-connections" "--max-body" "--max-parsed" "--max-bodies" "--max-json-values" "--max-json-depth" "--head-timeout" "--body-timeout") }}
{{- template "packet-capture.problem" (list (printf "extraArgs repeats %s, which the chart sets" (splitList "=" $arg | first)) "Set the value that it comes from.") }}
{{- end }}
{{- end }}
{{- include "packet-capture.doubleNames" (dict "list" $values.extraEnv "what" "extraEnv" "taken" list) }}
{{- include "packet-capture.doubleNames" (dict "list" $values.extraVolumes "what" "extraVolumes" "taken" (list "config" "certificates" "client-ca")) }}
{{- include "packet-capture.doubleNames" (dict "list" $values.extraContainers "what" "extraContainers" "taken" (list "injector")) }}
{{- end }}

{{/* A list whose names must be each its own: server-side apply refuses two. Takes list, what and taken. */}}
{{- define "packet-capture.doubleNames" -}}
{{- $taken := .taken }}
{{- $what := .what }}
{{- range .list }}
{{- $name := toString .name }}
{{- if has $name $taken }}
{{- template "packet-capture.problem" (list (printf "%s has the name %q, which is taken" $what $name) "Each name can stand there once.") }}
{{- end }}
{{- $taken = append $taken $name }}
{{- end }}
{{- end }}

{{/* Seconds of a duration in whole units: "1m30s". */}}
{{- define "packet-capture.seconds" -}}
{{- $seconds := 0 }}
{{- range $unit, $factor := dict "h" 3600 "m" 60 "s" 1 }}
{{- range regexFindAll (printf "[0-9]+%s" $unit) (toString $) -1 }}
{{- $seconds = add $seconds (mul $factor (int (trimSuffix $unit .))) }}
{{- end }}
{{- end }}
{{- $seconds }}
{{- end }}
