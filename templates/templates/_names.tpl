{{/* All take the root context. */}}

{{- define "packet-capture.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "packet-capture.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "packet-capture.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{/* The name of objects outside the release's namespace. It contains the namespace, so that two releases of the same name do not conflict. */}}
{{- define "packet-capture.clusterName" -}}
{{- printf "%s.%s" (include "packet-capture.fullname" .) (include "packet-capture.namespace" .) }}
{{- end }}

{{/* The DNS name by which the API server calls the injector. */}}
{{- define "packet-capture.host" -}}
{{- printf "%s.svc" (include "packet-capture.clusterName" .) }}
{{- end }}

{{- define "packet-capture.serviceAccountName" -}}
{{- $account := .Values.serviceAccount }}
{{- $account.name | default (ternary (include "packet-capture.fullname" .) "default" $account.create) }}
{{- end }}

{{- define "packet-capture.certsSecret" -}}
{{- if eq .Values.certs.mode "existingSecret" }}
{{- .Values.certs.existingSecret }}
{{- else }}
{{- printf "%s-certs" (include "packet-capture.fullname" .) }}
{{- end }}
{{- end }}

{{/* The name of a Job. It becomes a label of its pods, so it has at most 63 characters. Takes root and suffix. */}}
{{- define "packet-capture.jobName" -}}
{{- printf "%s-%s" (include "packet-capture.fullname" .root | trunc 55 | trimSuffix "-") .suffix }}
{{- end }}
