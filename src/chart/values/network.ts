import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { choice, flag, group, leaf, passedList, string } from './tree.ts';

/** The values below `serviceAccount`. */
export const serviceAccount = group("the injector's service account; it has no rights and no token", {
  create: flag(true, 'create the service account'),
  name: string(
    '',
    'name of the service account; empty: the full name, or "default" when it is not created',
    is.objectNameOrEmpty,
  ),
  labels: leaf<Labels>({}, 'labels of the service account', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the service account', is.annotations),
});

/** The values below `service`. A policy has no Service. */
export const service = group('the Service through which the API server calls the injector', {
  type: choice('ClusterIP', 'type of the Service', ['ClusterIP', 'NodePort', 'LoadBalancer']),
  ipFamilyPolicy: string('', 'IP family policy of the Service', {
    enum: ['', 'SingleStack', 'PreferDualStack', 'RequireDualStack'],
  }),
  ipFamilies: leaf<readonly string[]>([], 'IP families of the Service', {
    type: 'array',
    maxItems: 2,
    items: { enum: ['IPv4', 'IPv6'] },
  }),
  labels: leaf<Labels>({}, 'labels of the Service', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the Service', is.annotations),
});

/** The values below `networkPolicy`. */
export const networkPolicy = group('which connections the pods of the release accept and make', {
  enabled: flag(
    true,
    "create NetworkPolicies for the injector, the hooks and the test; the webhook's port stays open to all, because API servers have no pod labels",
  ),
  metricsFrom: passedList(
    "peers that may read the injector's metrics; empty: the pods of the release's namespace",
    kubernetes.networkPeers,
  ),
  egress: passedList('egress rules; the injector itself makes no connections', kubernetes.egressRules),
  apiServer: passedList(
    'egress rules by which the hooks reach the API server; empty: TCP to any address, because the address is not known',
    kubernetes.egressRules,
  ),
  labels: leaf<Labels>({}, 'labels of the NetworkPolicies', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the NetworkPolicies', is.annotations),
});
