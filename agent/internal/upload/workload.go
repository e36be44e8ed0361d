package upload

import (
	"regexp"
	"strconv"
	"strings"
)

// nameOfWorkload matches names in Kubernetes: users can set labels too.
var nameOfWorkload = regexp.MustCompile(`^[a-z0-9-][a-z0-9.-]*$`)

// Workload is the name of the Deployment, StatefulSet, DaemonSet, Job or ReplicaSet that made the pod, derived from the
// labels of its controller, because a pod cannot read its owner's name; or else the pod's name. labels is a file of the
// downward API: KEY="VALUE" a line.
func Workload(pod, labels string) string {
	name := workload(pod, parseLabels(labels))
	if !nameOfWorkload.MatchString(name) {
		return pod
	}
	return name
}

func workload(pod string, labels map[string]string) string {
	index, set := labels["apps.kubernetes.io/pod-index"], labels["statefulset.kubernetes.io/pod-name"]
	switch {
	case labels["batch.kubernetes.io/job-name"] != "":
		return labels["batch.kubernetes.io/job-name"]
	case set != "":
		return beforeLast(set, "-")
	case index != "":
		return strings.TrimSuffix(pod, "-"+index)
	case labels["pod-template-hash"] != "":
		if name, _, found := cutLast(pod, "-"+labels["pod-template-hash"]+"-"); found {
			return name
		}
		return pod
	case labels["controller-revision-hash"] != "":
		// The name of a DaemonSet's pod ends in five random characters.
		if name, suffix, found := cutLast(pod, "-"); found && len(suffix) == 5 {
			return name
		}
	}
	return pod
}

func parseLabels(text string) map[string]string {
	labels := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		labels[key] = value
	}
	return labels
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

func beforeLast(text, separator string) string {
	before, _, _ := cutLast(text, separator)
	return before
}
