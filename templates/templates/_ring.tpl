{{/*
The bytes of a quantity, as a number in text. Must agree with src/quantity.ts.
*/}}
{{- define "packet-capture.bytes" -}}
{{- $text := include "packet-capture.text" . }}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- mulf (regexFind "^[0-9]+" $text | float64) (index $units (regexFind "[a-zA-Z]*$" $text) | default 1 | float64) | toJson }}
{{- end }}

{{/* agent.maxVolumeSize as text. Takes the root. */}}
{{- define "packet-capture.maxVolumeSize" -}}
{{- include "packet-capture.text" .Values.agent.maxVolumeSize | default (include "packet-capture.ring" . | fromYaml).maxVolumeSize }}
{{- end }}

{{/* agent.maxBufferSize as text. Takes the root. */}}
{{- define "packet-capture.maxBufferSize" -}}
{{- include "packet-capture.text" .Values.agent.maxBufferSize | default (include "packet-capture.ring" . | fromYaml).maxBufferSize }}
{{- end }}

{{/* Problems of a buffer that the agent would refuse. Takes the root. */}}
{{- define "packet-capture.bufferProblems" -}}
{{- $most := include "packet-capture.maxBufferSize" . }}
{{- $size := include "packet-capture.text" (index (.Values.capture | default dict) "buffer-size") | default (include "packet-capture.ring" . | fromYaml).bufferSize }}
{{- if gt (include "packet-capture.bytes" $size | float64) (include "packet-capture.bytes" $most | float64) }}
{{- template "packet-capture.problem" (list (printf "the buffer-size %s is more than agent.maxBufferSize %s: nothing would be captured" $size $most) "Lower buffer-size, or raise agent.maxBufferSize.") }}
{{- end }}
{{- end }}

{{/* Problems of the capture files' total size; see _problems.tpl. Must agree with src/settings/ring.ts. Takes the root. */}}
{{- define "packet-capture.ringProblems" -}}
{{- $ring := include "packet-capture.ring" . | fromYaml }}
{{- $capture := .Values.capture | default dict }}
{{- $size := include "packet-capture.text" (index $capture "file-size") | default $ring.fileSize }}
{{- $count := include "packet-capture.text" (index $capture "file-count") | default $ring.fileCount }}
{{- $bytes := addf (mulf (include "packet-capture.bytes" $size | float64) (addf ($count | float64) $ring.spareFiles)) $ring.spareBytes }}
{{- $most := include "packet-capture.bytes" (include "packet-capture.maxVolumeSize" .) | float64 }}
{{- if gt $bytes $most }}
{{- $sum := printf "file-size %s x (file-count %s + %v) + %s = %.2fGi" $size $count $ring.spareFiles $ring.spare (divf $bytes 1073741824) }}
{{- template "packet-capture.problem" (list (printf "the capture files of a pod need more than agent.maxVolumeSize: %s, and the limit is %s" $sum (include "packet-capture.maxVolumeSize" .)) "Lower file-count or file-size, or raise agent.maxVolumeSize.") }}
{{- end }}
{{- end }}
