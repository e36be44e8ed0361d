import { annotationPrefix, injectAnnotation, namespaceLabel } from '../settings/index.ts';
import { imageRepositories, placeholderRegistry } from '../sidecar/index.ts';
import { version } from '../version.ts';

/** Names that are fixed when the chart is rendered. The injector program uses the same names of webhooks. */
export const identity = {
  chartName: 'packet-capture',
  version,
  /** matchConditions are stable since 1.30. The `-0` allows versions with a vendor's suffix. */
  kubeVersion: '>=1.30.0-0',
  description:
    'Injects a packet capture agent into the pods that ask for it, by a mutating webhook or an admission policy',
  annotationPrefix,
  injectAnnotation,
  namespaceLabel,
  webhooks: {
    privileged: { name: 'injector.packet-capture.internal', path: '/inject/privileged' },
    baseline: { name: 'baseline.injector.packet-capture.internal', path: '/inject/baseline' },
    probe: { name: 'probe.injector.packet-capture.internal', path: '/probe' },
  },
  images: { placeholderRegistry, ...imageRepositories },
  configFolder: '/etc/packet-capture/config',
  certificatesFolder: '/etc/packet-capture/certificates',
  clientCaFolder: '/etc/packet-capture/client-ca',
} as const;

/**
 * The name of the Deployment and the Service, and the prefix of all other names, as the chart's templates compute it.
 * @see `packet-capture.fullname` in templates/templates/_names.tpl
 */
export function fullnameOf(
  release: string,
  {
    nameOverride = '',
    fullnameOverride = '',
  }: { readonly nameOverride?: string; readonly fullnameOverride?: string } = {},
): string {
  const name = nameOverride === '' ? identity.chartName : nameOverride;
  const full = release.includes(name) ? release : `${release}-${name}`;
  return (fullnameOverride === '' ? full : fullnameOverride).slice(0, 63).replace(/-$/, '');
}
