{{/* The bytes of the first certificate of a PEM text; empty when there is none. */}}
{{- define "packet-capture.der" -}}
{{- with regexFind "-----BEGIN CERTIFICATE-----[^-]+" (. | default "") }}
{{- regexReplaceAll "-----[^-]+-----|\\s" . "" | b64dec }}
{{- end }}
{{- end }}

{{/*
"true" when the first certificate has this DNS name: a context tag 2, the length in one byte and the name. From 128
bytes on the length takes two; then it is enough that the name stands there. Takes pem and host.
*/}}
{{- define "packet-capture.covers" -}}
{{- $name := ternary (printf "\x82%c%s" (len .host) .host) .host (lt (len .host) 128) }}
{{- contains $name (include "packet-capture.der" .pem) | ternary "true" "" }}
{{- end }}

{{/*
When the first certificate ends, as YYYYMMDDhhmmss in UTC; empty when that cannot be read. Times before 2050 have two
digits for the year (RFC 5280, 4.1.2.5).
*/}}
{{- define "packet-capture.notAfter" -}}
{{- with regexFindAll "\x17\r[0-9]{12}Z|\x18\x0f[0-9]{14}Z" (include "packet-capture.der" .) 2 }}
{{- $time := last . | trimSuffix "Z" | regexFind "[0-9]+$" }}
{{- ternary (printf "20%s" $time) $time (eq (len $time) 12) }}
{{- end }}
{{- end }}

{{/* Now, or so much later: "720h". */}}
{{- define "packet-capture.time" -}}
{{- dateInZone "20060102150405" (now | dateModify .) "UTC" }}
{{- end }}

{{/* The three files of a Secret that this release has made and that is still good; else nothing. Takes the root. */}}
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
caBundle, certificate and key as PEM, in JSON (YAML would lose the newline at the end), for the modes baked and generated; all are empty in the others. Made once in a
rendering: what is generated must be the same in every object. Takes the root.
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
A new CA, whose key nobody keeps, and a certificate under it. The CA before stays in the bundle, behind the new one:
injectors that still serve the certificate before are called as well. Takes root and kept.
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
