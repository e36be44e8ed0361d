import { annotationPrefix, injectAnnotation, namespaceLabel } from '../settings/index.ts';
import { imageRepositories, placeholderRegistry } from '../sidecar/index.ts';
import { version } from '../version.ts';

/** What is fixed when the chart is rendered; the webhook's names are those of the injector program. */
export const identity = {
  chartName: 'packet-capture',
  version,
  /** matchConditions are stable since 1.30; the `-0` lets in vendors' suffixes. */
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
 * The name of the Deployment, the Service and the front part of all others, as the chart's templates make it.
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
