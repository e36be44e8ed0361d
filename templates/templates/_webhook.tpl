{{/*
The namespaceSelector of a webhook or a binding that injects. A namespace must meet all its terms. Takes root, and level:
the term for the Pod Security label.
*/}}
{{- define "packet-capture.namespaceSelector" -}}
{{- $injection := .root.Values.injection }}
{{- $excluded := prepend ($injection.excludedNamespaces | default list) (include "packet-capture.namespace" .root) }}
{{- $user := $injection.namespaceSelector | default dict }}
{{- $expressions := list
  (dict "key" $injection.namespaceLabel "operator" "In" "values" (list "enabled"))
  (dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" (uniq $excluded))
  .level }}
{{- $enforcer := (include "packet-capture.enforcerTerms" .root | fromJson).terms }}
{{- $selector := dict "matchExpressions" (concat $expressions $enforcer ($user.matchExpressions | default list)) }}
{{- with $user.matchLabels }}
{{- $_ := set $selector "matchLabels" . }}
{{- end }}
{{- toYaml $selector }}
{{- end }}

{{/*
The terms that AKS' admissions enforcer adds to every webhook. When they are present from the start, it changes nothing.
It does not change policies. Takes the root.
*/}}
{{- define "packet-capture.enforcerTerms" -}}
{{- $terms := list }}
{{- if and .Values.webhook.admissionEnforcer (eq .Values.injection.way "webhook") }}
{{- $terms = list
  (dict "key" "control-plane" "operator" "NotIn" "values" (list "true"))
  (dict "key" "kubernetes.azure.com/managedby" "operator" "NotIn" "values" (list "aks")) }}
{{- end }}
{{- dict "terms" $terms | toJson }}
{{- end }}

{{/*
Conditions in CEL, by which the API server calls the injector only for pods that ask for injection and that can be
injected. An expression reads an annotation only if it is present, because it would fail otherwise. Takes the root;
{conditions: […]}.
*/}}
{{- define "packet-capture.matchConditions" -}}
{{- $injection := .Values.injection }}
{{- $own := (include "packet-capture.identity" . | fromYaml).injectAnnotation | toJson }}
{{- $key := $injection.annotation | toJson }}
{{- $annotations := "has(object.metadata.annotations)" }}
{{- $conditions := list }}
{{- if $injection.optOut }}
{{- $conditions = append $conditions (dict "name" "packet-capture/not-opted-out"
  "expression" (printf "!%s || !(%s in object.metadata.annotations) || object.metadata.annotations[%s] != 'false'" $annotations $key $key)) }}
{{- else }}
{{- $conditions = append $conditions (dict "name" "packet-capture/opted-in"
  "expression" (printf "%s && %s in object.metadata.annotations && object.metadata.annotations[%s] == 'true'" $annotations $key $key)) }}
{{- end }}
{{- if ne $own $key }}
{{- $conditions = append $conditions (dict "name" "packet-capture/not-refused"
  "expression" (printf "!%s || !(%s in object.metadata.annotations) || object.metadata.annotations[%s] != 'false'" $annotations $own $own)) }}
{{- end }}
{{- $conditions = append $conditions (dict "name" "packet-capture/not-mirror"
  "expression" (printf "!%s || !('kubernetes.io/config.mirror' in object.metadata.annotations)" $annotations)) }}
{{- $conditions = append $conditions (dict "name" "packet-capture/not-host-network"
  "expression" "!has(object.spec.hostNetwork) || !object.spec.hostNetwork") }}
{{- dict "conditions" (concat $conditions (.Values.webhook.matchConditions | default list)) | toJson }}
{{- end }}

{{/* The common part of the webhooks. Takes root and path. */}}
{{- define "packet-capture.webhook" -}}
{{- $webhook := .root.Values.webhook }}
{{- $service := dict
  "name" (include "packet-capture.fullname" .root)
  "namespace" (include "packet-capture.namespace" .root)
  "path" .path
  "port" 443 }}
{{- $client := dict "service" $service }}
{{- $certificates := include "packet-capture.certificates" .root | fromJson }}
{{- $bundle := ternary .root.Values.certs.caBundle $certificates.caBundle (eq .root.Values.certs.mode "existingSecret") }}
{{- with $bundle }}
{{- $_ := set $client "caBundle" (b64enc .) }}
{{- end }}
{{- dict
  "admissionReviewVersions" (list "v1")
  "sideEffects" "None"
  "timeoutSeconds" $webhook.timeoutSeconds
  "matchPolicy" $webhook.matchPolicy
  "reinvocationPolicy" $webhook.reinvocationPolicy
  "clientConfig" $client
  "rules" (list (dict
    "operations" (list "CREATE")
    "apiGroups" (list "")
    "apiVersions" (list "v1")
    "resources" (list "pods")
    "scope" "Namespaced")) | toYaml }}
{{- end }}
