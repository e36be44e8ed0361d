{{/* What is fixed when the chart is rendered: names that the injector program has too. */}}
{{- define "packet-capture.identity" -}}
injectAnnotation: packet-capture/inject
annotationPrefix: packet-capture/
images:
  placeholderRegistry: registry.invalid
  agent: packet-capture/agent
  injector: packet-capture/injector
configFolder: /etc/packet-capture/config
certificatesFolder: /etc/packet-capture/certificates
clientCaFolder: /etc/packet-capture/client-ca
webhooks:
  privileged:
    name: injector.packet-capture.internal
    path: /inject/privileged
  baseline:
    name: baseline.injector.packet-capture.internal
    path: /inject/baseline
  probe:
    name: probe.injector.packet-capture.internal
    path: /probe
{{- end }}
