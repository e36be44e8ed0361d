import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { choice, flag, group, leaf, passedList, string } from './tree.ts';

export const serviceAccount = group("the injector's; it has no rights and no token", {
  create: flag(true, 'create a ServiceAccount'),
  name: string(
    '',
    'name of the ServiceAccount; empty: the full name, or "default" if none is created',
    is.objectNameOrEmpty,
  ),
  labels: leaf<Labels>({}, 'labels of the ServiceAccount', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the ServiceAccount', is.annotations),
});

export const service = group('what the API server calls', {
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

export const networkPolicy = group('who may connect to the pods of the release, and where these may connect to', {
  enabled: flag(
    true,
    "render one for the injector, the hooks and the test; the webhook's port stays open to all: API servers have no pod labels",
  ),
  metricsFrom: passedList(
    "peers that may read the injector's metrics; empty: the pods of the release's namespace",
    kubernetes.networkPeers,
  ),
  egress: passedList('egress rules of the injector, which itself connects to nothing', kubernetes.egressRules),
  apiServer: passedList(
    'egress rules by which the hooks reach the API server; empty: TCP to anywhere, because its address is unknown',
    kubernetes.egressRules,
  ),
  labels: leaf<Labels>({}, 'labels of the NetworkPolicies', is.labels),
  annotations: leaf<Labels>({}, 'annotations of the NetworkPolicies', is.annotations),
});
