/**
 * The webhooks of one MutatingWebhookConfiguration. Selectors choose between them, so that any pod is matched by none
 * or by one: `privileged` and `baseline` by the namespace's enforced Pod Security level, `probe` by {@link probePod}'s
 * labels in the release's own namespace.
 */
export const webhookNames = {
  privileged: 'injector.packet-capture.internal',
  baseline: 'baseline.injector.packet-capture.internal',
  probe: 'probe.injector.packet-capture.internal',
} as const;

export type WebhookName = keyof typeof webhookNames;

/** Where the server answers each of them. */
export const webhookPaths: Readonly<Record<WebhookName, string>> = {
  privileged: '/inject/privileged',
  baseline: '/inject/baseline',
  probe: '/probe',
};

/** The recommended labels that every pod of a release carries. */
export const nameLabel = 'app.kubernetes.io/name';
export const instanceLabel = 'app.kubernetes.io/instance';
export const componentLabel = 'app.kubernetes.io/component';

/** Values of {@link nameLabel} and {@link componentLabel}. */
export const applicationName = 'packet-capture';
export const components = { injector: 'injector', hook: 'hook', test: 'test', probe: 'probe' } as const;

/** Of the container; 10250 and 443 are all that a private GKE cluster lets its API server reach. */
export const injectorPorts = { https: 10250, metrics: 9090 } as const;

/** Where the chart mounts what the server reads. */
export const injectorMounts = {
  config: '/etc/packet-capture/config/sidecarconfig.yaml',
  certificates: '/etc/packet-capture/certificates',
  clientCa: '/etc/packet-capture/client-ca',
} as const;
