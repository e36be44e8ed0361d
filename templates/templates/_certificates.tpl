{{/* The bytes of the first certificate in a PEM text; empty without one. */}}
{{- define "packet-capture.der" -}}
{{- with regexFind "-----BEGIN CERTIFICATE-----[^-]+" (. | default "") }}
{{- regexReplaceAll "-----[^-]+-----|\\s" . "" | b64dec }}
{{- end }}
{{- end }}

{{/*
"true" when the first certificate has this DNS name. In the bytes of a certificate a DNS name is the context tag 2, its
length in one byte, and its text. A length of 128 or more takes two bytes; then only the text is searched. Takes pem and
host.
*/}}
{{- define "packet-capture.covers" -}}
{{- $name := ternary (printf "\x82%c%s" (len .host) .host) .host (lt (len .host) 128) }}
{{- contains $name (include "packet-capture.der" .pem) | ternary "true" "" }}
{{- end }}

{{/*
The expiry of the first certificate, as YYYYMMDDhhmmss in UTC; empty when it cannot be read. Times before 2050 have a
year of two digits (RFC 5280, 4.1.2.5).
*/}}
{{- define "packet-capture.notAfter" -}}
{{- with regexFindAll "\x17\r[0-9]{12}Z|\x18\x0f[0-9]{14}Z" (include "packet-capture.der" .) 2 }}
{{- $time := last . | trimSuffix "Z" | regexFind "[0-9]+$" }}
{{- ternary (printf "20%s" $time) $time (eq (len $time) 12) }}
{{- end }}
{{- end }}

{{/* The time now plus a duration such as "720h". */}}
{{- define "packet-capture.time" -}}
{{- dateInZone "20060102150405" (now | dateModify .) "UTC" }}
{{- end }}

{{/* The three files of the Secret that this release made earlier; empty without one. Takes the root. */}}
{{- define "packet-capture.keptCertificates" -}}
{{- $secret := lookup "v1" "Secret" (include "packet-capture.namespace" .) (include "packet-capture.certsSecret" .) | default dict }}
{{- $metadata := $secret.metadata | default dict }}
{{- $owner := $metadata.annotations | default dict }}
{{- $data := $secret.data | default dict }}
{{- if and (eq (index $owner "meta.helm.sh/release-name" | default "") .Release.Name)
           (eq (index $owner "meta.helm.sh/release-namespace" | default "") .Release.Namespace)
           (index $data "tls.crt") (index $data "tls.key") (index $data "ca.crt") }}
{{- dict "certificate" (index $data "tls.crt" | b64dec) "key" (index $data "tls.key" | b64dec) "caBundle" (index $data "ca.crt" | b64dec) | toJson }}
{{- end }}
{{- end }}

{{/*
caBundle, certificate and key as PEM, for the modes baked and generated; empty in the other modes. The result is JSON,
because YAML would lose the newline at the end. It is computed once in a rendering, because every object must have the
same certificate. Takes the root.
*/}}
{{- define "packet-capture.certificates" -}}
{{- if not (hasKey . "packetCaptureCertificates") }}
{{- $found := dict "caBundle" "" "certificate" "" "key" "" }}
{{- if eq .Values.certs.mode "baked" }}
{{- $found = pick .Values.certs "caBundle" "certificate" "key" }}
{{- else if eq .Values.certs.mode "generated" }}
{{- $kept := include "packet-capture.keptCertificates" . | fromJson }}
{{- $host := include "packet-capture.host" . }}
{{- $covers := include "packet-capture.covers" (dict "pem" $kept.certificate "host" $host) }}
{{- if and $covers (gt (include "packet-capture.notAfter" $kept.certificate) (include "packet-capture.time" "720h")) }}
{{- $found = $kept }}
{{- else }}
{{- $found = include "packet-capture.newCertificates" (dict "root" . "kept" $kept) | fromJson }}
{{- end }}
{{- end }}
{{- $_ := set . "packetCaptureCertificates" $found }}
{{- end }}
{{- toJson .packetCaptureCertificates }}
{{- end }}

{{/*
A new CA, whose key is not kept, and a certificate that it signed. The previous CA stays in the bundle, after the new
one, so that the API server also trusts injectors that still serve the previous certificate. Takes root and kept.
*/}}
{{- define "packet-capture.newCertificates" -}}
{{- $root := .root }}
{{- $days := $root.Values.certs.generated }}
{{- $fullname := include "packet-capture.fullname" $root }}
{{- $names := list $fullname (include "packet-capture.clusterName" $root) (include "packet-capture.host" $root) }}
{{- $ca := genCA (printf "packet-capture CA %s" (randAlphaNum 16)) (int $days.caDays) }}
{{- $serving := genSignedCert $fullname nil $names (int $days.servingDays) $ca }}
{{- $before := regexFind "-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----" (.kept.caBundle | default "") }}
{{- $bundle := ternary (printf "%s%s\n" $ca.Cert $before) $ca.Cert (not (empty $before)) }}
{{- dict "caBundle" $bundle "certificate" $serving.Cert "key" $serving.Key | toJson }}
{{- end }}
