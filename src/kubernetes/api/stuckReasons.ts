/**
 * Reasons for which a container does not start, and will not start until somebody corrects something.
 * @see pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime/kuberuntime_container.go of kubernetes/kubernetes
 */
export const stuckReasons: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
  'RunContainerError',
]);
