import { dirname } from 'node:path/posix';
import { sinceKubernetes } from '../minimums.ts';
import { allowedKeys, annotationPrefix, injectAnnotation, namespaceLabel } from '../settings/index.ts';
import { imageRepositories, placeholderRegistry } from '../sidecar/index.ts';
import { version } from '../version.ts';
import { injectorMounts, webhookNames, webhookPaths } from '../ways/webhook/names.ts';

/** Names that are fixed when the chart is rendered. The injector program uses the same names of webhooks. */
export const identity = {
  chartName: 'packet-capture',
  version,
  oldestKubernetes: sinceKubernetes('matchConditions'),
  /** The first with an admission policy that can inject. */
  policyKubernetes: sinceKubernetes('mutatingAdmissionPolicy'),
  /** The `-0` allows versions with a vendor's suffix. */
  kubeVersion: `>=${sinceKubernetes('matchConditions')}.0-0`,
  description:
    'Injects a packet capture agent into the pods that ask for it, by a mutating webhook or an admission policy',
  annotationPrefix,
  injectAnnotation,
  namespaceLabel,
  webhooks: {
    privileged: { name: webhookNames.privileged, path: webhookPaths.privileged },
    baseline: { name: webhookNames.baseline, path: webhookPaths.baseline },
    probe: { name: webhookNames.probe, path: webhookPaths.probe },
  },
  images: { placeholderRegistry, ...imageRepositories },
  /** The values of `agent` that limit what annotations may ask for. */
  allowedLists: allowedKeys,
  configFolder: dirname(injectorMounts.config),
  certificatesFolder: injectorMounts.certificates,
  clientCaFolder: injectorMounts.clientCa,
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
