/** Names inside the pod: part of the contract with users, never to be changed. */
export const containerName = 'packet-capture';
/** Of the container that mirrors; only where a mirror is asked for. */
export const mirrorName = 'packet-capture-mirror';
export const containerNames: readonly string[] = [containerName, mirrorName];

export const volumeNames = {
  files: 'packet-capture-files',
  settings: 'packet-capture-settings',
  noToken: 'packet-capture-no-token',
  upload: 'packet-capture-upload',
} as const;

/** Those that lie on the node's disk, which its removal would lose. */
export const localVolumes: readonly string[] = [volumeNames.files, volumeNames.noToken];

export const mountPaths = {
  files: '/captures',
  settings: '/etc/packet-capture/settings',
  /** With rclone.conf, when there is such a Secret. */
  upload: '/etc/packet-capture/upload',
  /**
   * Where Kubernetes mounts the pod's token unless something is mounted there (plugin/pkg/admission/serviceaccount).
   */
  token: '/var/run/secrets/kubernetes.io/serviceaccount',
} as const;

/** The port of the agent's metrics, and the Secret in the pod's own namespace that says how to upload. */
export const metricsPortName = 'packet-capture';
export const uploadSecretName = 'packet-capture-upload';

/**
 * Where the agent answers Prometheus: `:9464`. No name of ours is like those that the kubelet makes of the namespace's
 * Services (`NAME_SERVICE_HOST`, `NAME_PORT`): one called packet-capture-metrics would set a name of ours that ended in
 * PORT.
 */
export const metricsEnvironment = 'PACKET_CAPTURE_METRICS_LISTEN';

/** The uid and gid of the agent's image, which no app has: see docs/decisions/0031-a-uid-of-its-own.md. */
export const agentUser = 60947;
