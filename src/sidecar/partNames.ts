/** Names inside the pod. Users rely on them, so they must never change. */
export const containerName = 'packet-capture';
/** The container that mirrors, in pods that ask for a mirror. */
export const mirrorName = 'packet-capture-mirror';
/** The names of all native sidecars that an injection may add. */
export const containerNames: readonly string[] = [containerName, mirrorName];

/** The names of the volumes that an injection may add. */
export const volumeNames = {
  files: 'packet-capture-files',
  settings: 'packet-capture-settings',
  noToken: 'packet-capture-no-token',
  upload: 'packet-capture-upload',
} as const;

/** The volumes on the node's disk, which are lost when the node is removed. */
export const localVolumes: readonly string[] = [volumeNames.files, volumeNames.noToken];

/** Where the sidecar's containers mount their volumes. */
export const mountPaths = {
  files: '/captures',
  settings: '/etc/packet-capture/settings',
  /** Contains rclone.conf if the Secret exists. */
  upload: '/etc/packet-capture/upload',
  /**
   * Where Kubernetes mounts the pod's token, unless something else is mounted there
   * (plugin/pkg/admission/serviceaccount).
   */
  token: '/var/run/secrets/kubernetes.io/serviceaccount',
} as const;

/** The port of the agent's metrics, and the Secret for uploads in the pod's own namespace. */
export const metricsPortName = 'packet-capture';
/** The user makes this Secret in the pod's namespace; without it the pod starts all the same. */
export const uploadSecretName = 'packet-capture-upload';

/** The program in the agent's image. */
export const agentProgram = '/usr/bin/packet-capture-agent';

/** The uid and gid of the agent's image, which apps do not use: see docs/decisions/0031-a-uid-of-its-own.md. */
export const agentUser = 60947;
