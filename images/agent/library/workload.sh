# shellcheck shell=sh disable=SC2154
# SC2154: settingsDir, podName and newline are set elsewhere.
#
# The workload that the pod belongs to, from the labels that its controller gave it: a pod is not told its owner's name.

# findWorkload: the name of the Deployment, StatefulSet, DaemonSet, Job or ReplicaSet, in $workload; failing that the pod's.
findWorkload() {
  workload='' templateHash='' revisionHash='' jobName='' podIndex='' setName=''
  while IFS='=' read -r label value || [ -n "$label" ]; do
    value=${value#'"'}
    value=${value%'"'}
    case $label in
      pod-template-hash) templateHash=$value ;;
      controller-revision-hash) revisionHash=$value ;;
      batch.kubernetes.io/job-name) jobName=$value ;;
      apps.kubernetes.io/pod-index) podIndex=$value ;;
      statefulset.kubernetes.io/pod-name) setName=${value%-*} ;;
    esac
  done 2> /dev/null < "$settingsDir/labels"
  if [ -n "$jobName" ]; then
    workload=$jobName
  elif [ -n "$setName$podIndex" ]; then
    workload=${setName:-${podName%-"$podIndex"}}
  elif [ -n "$templateHash" ]; then
    workload=${podName%-"$templateHash"-*}
  elif [ -n "$revisionHash" ]; then
    workload=${podName%-?????}
  fi
  # Labels are the users' to set as well.
  case $workload in '' | .* | *[!a-z0-9.-]*) workload=$podName ;; esac
}
