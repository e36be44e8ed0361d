/**
 * The reasons for a skip: codes for metrics and `-o json`, sentences for the terminal, as in linkerd2's
 * pkg/inject/report.go.
 */
export const skipReasons = {
  already_injected: 'it already has the sidecar, as requested',
  foreign_status: 'it has the annotation packet-capture/status, but no sidecar: uninject or unpatch it',
  status_missing: 'it has the sidecar, but no annotation packet-capture/status: uninject or unpatch it',
  opted_out: 'its annotation packet-capture/inject is "false"',
  host_network: 'it uses the network of its node (hostNetwork), so a capture would see every pod there',
  windows: 'it runs on Windows, which has no NET_RAW',
  fargate: 'it runs on AWS Fargate, which starts no pod with an added capability',
  virtual_node: 'it may run on a virtual node, where native sidecars keep the app from starting',
  sandbox: 'its runtime class is a sandbox without packet sockets, such as gVisor',
  mirror_pod: 'it is the mirror of a static pod and cannot be changed',
  system_namespace: 'it belongs to a system namespace',
  pod_security_restricted: 'its namespace enforces Pod Security "restricted", which forbids NET_RAW',
  pod_security_baseline: 'its namespace enforces Pod Security "baseline", and the sidecar asks for more',
  pod_resources: 'it has pod-level resources (spec.resources), which leave none for the sidecar',
  name_collision: 'it has a container or volume of the same name that is not ours',
  setting_conflict: 'it has another value for a setting that was given; remove the annotation or the flag',
  no_pod_template: 'it has no pod template with containers',
  not_injected: 'it has no sidecar',
} as const;

/** A code of the table: the same in all ways, in reports, warnings, metrics and logs. */
export type SkipReason = keyof typeof skipReasons;

/** What an injected workload asks for and does not get. */
export const leftOutReasons = {
  mirror: 'without its mirror: its namespace enforces Pod Security "baseline", which forbids NET_ADMIN',
  amount: 'with default resources: an annotation has an amount for the sidecar that is not a quantity',
  ring: 'with a smaller volume: its ring needs more than agent.maxVolumeSize, so nothing is captured',
  interfaces: 'without packets: packet-capture/interfaces must be all, any, all,lo, or different interface names',
  setting: 'without packets: an annotation has an invalid setting',
  plaintext: 'without plaintext: a mesh encrypts it on eth0; interfaces: lo (or any) sees it between proxy and app',
} as const;

/** A code of the table: what an injected pod goes without. */
export type LeftOut = keyof typeof leftOutReasons;
