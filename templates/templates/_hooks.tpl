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

{{/* The targets as the program reads them, with the keys that it sets. Takes the root; {args: […]}. */}}
{{- define "packet-capture.targetArgs" -}}
{{- $injection := .root.Values.injection }}
{{- dict "args" (list .flag (.root.Values.targets | default list | toJson) "--namespace-label" $injection.namespaceLabel "--annotation" $injection.annotation) | toJson }}
{{- end }}

{{/* A Job of a hook. Takes root, suffix, events and args; config: a folder where it has what the release injects. */}}
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
      {{- include "packet-capture.podSpec" (dict "root" $root "nodeSelector" $hooks.nodeSelector "tolerations" $hooks.tolerations) | nindent 6 }}
      serviceAccountName: {{ include "packet-capture.fullname" $root }}-hook
      automountServiceAccountToken: true
      restartPolicy: Never
      containers:
        - name: hook
          {{- include "packet-capture.container" $root | nindent 10 }}
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
