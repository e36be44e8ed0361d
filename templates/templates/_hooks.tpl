{{/*
"true" when the hooks are rendered: with targets, and always when Helm works on a cluster, because an earlier revision
may have had targets, and because the first hook proves that the install works. `helm template` for `kubectl apply`
renders no Job that has nothing to do. A cluster is recognized by an API that every API server has and that Helm does not
assume without one. Takes the root.
*/}}
{{- define "packet-capture.hasHooks" -}}
{{- $work := or .Values.targets (.Capabilities.APIVersions.Has "apiregistration.k8s.io/v1") }}
{{- if and (eq .Values.injection.way "webhook") .Values.hooks.enabled $work }}true{{ end }}
{{- end }}

{{/* A container of the hooks and the test. Takes the root. */}}
{{- define "packet-capture.hookContainer" -}}
{{- $container := include "packet-capture.container" . | fromYaml }}
{{- with .Values.hooks.securityContext }}
{{- $_ := set $container "securityContext" . }}
{{- end }}
{{- toYaml $container }}
{{- end }}

{{/* Labels, annotations and resources that a strict namespace may demand of a pod, for the pod that proves injection. Takes the root; {args: […]}. */}}
{{- define "packet-capture.probeArgs" -}}
{{- $hooks := .Values.hooks }}
{{- $labels := merge dict ($hooks.podLabels | default dict) (.Values.commonLabels | default dict) }}
{{- $annotations := merge dict ($hooks.podAnnotations | default dict) (.Values.commonAnnotations | default dict) }}
{{- $pod := dict "labels" $labels "annotations" $annotations "resources" ($hooks.resources | default dict) }}
{{- with $hooks.podSecurityContext | default .Values.podSecurityContext }}
{{- $_ := set $pod "podSecurityContext" . }}
{{- end }}
{{- with $hooks.securityContext | default .Values.securityContext }}
{{- $_ := set $pod "securityContext" . }}
{{- end }}
{{- dict "args" (list "--pod" (toJson $pod)) | toJson }}
{{- end }}

{{/* The name of the pod that tries the agent's image in the namespaces of targets. Takes the root. */}}
{{- define "packet-capture.trialPod" -}}
{{- printf "%s-image-trial" (include "packet-capture.clusterName" .) }}
{{- end }}

{{- define "packet-capture.hookEvents" -}}
post-install,pre-upgrade,post-upgrade,pre-rollback,post-rollback,pre-delete
{{- end }}

{{/* The annotations of a hook's object. Takes events, weight and policy. */}}
{{- define "packet-capture.hookAnnotations" -}}
helm.sh/hook: {{ .events | toJson }}
helm.sh/hook-weight: {{ .weight | toString | toJson }}
helm.sh/hook-delete-policy: {{ .policy | toJson }}
{{- end }}

{{/* The arguments that the programs of all hooks share. Takes the root; {args: […]}. */}}
{{- define "packet-capture.hookArgs" -}}
{{- $fullname := include "packet-capture.fullname" . }}
{{- dict "args" (list "--release" .Release.Name "--namespace" (include "packet-capture.namespace" .) "--record" (printf "%s-opt-in" $fullname)) | toJson }}
{{- end }}

{{/* The targets as arguments of the program, with the label and annotation that it sets. Takes the root; {args: […]}. */}}
{{- define "packet-capture.targetArgs" -}}
{{- $injection := .root.Values.injection }}
{{- dict "args" (list .flag (.root.Values.targets | default list | toJson) "--namespace-label" $injection.namespaceLabel "--annotation" $injection.annotation) | toJson }}
{{- end }}

{{/* A Job of a hook. Takes root, suffix, events and args; config: the folder where sidecarconfig.yaml is mounted. */}}
{{- define "packet-capture.hookJob" -}}
{{- $root := .root }}
{{- $hooks := $root.Values.hooks }}
{{- $hook := dict "root" $root "component" "hook" }}
{{- $own := include "packet-capture.hookAnnotations" (dict "events" .events "weight" 0 "policy" "before-hook-creation,hook-succeeded") | fromYaml }}
{{- $_ := set $own "helm.sh/hook-output-log-policy" "hook-failed" }}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "packet-capture.metadata" (merge (dict "name" (include "packet-capture.jobName" .) "labels" $hooks.labels "annotations" $hooks.annotations "hook" $own) $hook) | nindent 2 }}
spec:
  backoffLimit: {{ int $hooks.backoffLimit }}
  activeDeadlineSeconds: {{ int $hooks.activeDeadlineSeconds }}
  template:
    metadata:
      {{- include "packet-capture.podMetadata" (merge (dict "labels" $hooks.podLabels "annotations" $hooks.podAnnotations) $hook) | nindent 6 }}
    spec:
      {{- include "packet-capture.podSpec" (dict "root" $root "instead" $hooks) | nindent 6 }}
      serviceAccountName: {{ include "packet-capture.fullname" $root }}-hook
      automountServiceAccountToken: true
      restartPolicy: Never
      containers:
        - name: hook
          {{- include "packet-capture.hookContainer" $root | nindent 10 }}
          args:
            {{- toYaml .args | nindent 12 }}
          {{- with $hooks.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .config }}
          volumeMounts:
            - name: config
              mountPath: {{ . }}
              readOnly: true
      volumes:
        - name: config
          configMap:
            name: {{ include "packet-capture.fullname" $root }}-config
          {{- end }}
{{- end }}
