/**
 * The webhooks of one MutatingWebhookConfiguration. By their selectors, at most one of them matches a pod: `privileged`
 * and `baseline` by the namespace's enforced Pod Security level, `probe` by the labels of {@link probePod} in the
 * release's namespace.
 */
export const webhookNames = {
  privileged: 'injector.packet-capture.internal',
  baseline: 'baseline.injector.packet-capture.internal',
  probe: 'probe.injector.packet-capture.internal',
} as const;

/** A webhook of the configuration, by its short name. */
export type WebhookName = keyof typeof webhookNames;

/** The path of each webhook on the server. */
export const webhookPaths: Readonly<Record<WebhookName, string>> = {
  privileged: '/inject/privileged',
  baseline: '/inject/baseline',
  probe: '/probe',
};

/** The recommended labels of Kubernetes, which every pod of a release has. */
export const nameLabel = 'app.kubernetes.io/name';
/** Its value is the name of the release. */
export const instanceLabel = 'app.kubernetes.io/instance';
/** Its value is one of {@link components}. */
export const componentLabel = 'app.kubernetes.io/component';

/** Values of {@link nameLabel} and {@link componentLabel}. */
export const applicationName = 'packet-capture';
/** The parts of a release that have pods. */
export const components = { injector: 'injector', hook: 'hook', test: 'test', probe: 'probe' } as const;

/** Ports of the injector's container. In a private GKE cluster, the API server reaches only 10250 and 443. */
export const injectorPorts = { https: 10250, metrics: 9090 } as const;

/** The paths where the chart mounts the files that the server reads. */
export const injectorMounts = {
  config: '/etc/packet-capture/config/sidecarconfig.yaml',
  certificates: '/etc/packet-capture/certificates',
  clientCa: '/etc/packet-capture/client-ca',
} as const;
